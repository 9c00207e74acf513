import type { ErrorComponentProps } from '@tanstack/react-router';

import { Failure } from '@/components/ui/failure';

/** A page that broke; also one whose script could not be fetched because the server was replaced. */
export function RouteFailure({ error }: ErrorComponentProps) {
  return <Failure error={error instanceof Error ? error : new Error(String(error))} retry={() => window.location.reload()} />;
}
