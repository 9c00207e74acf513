import { queryOptions, useQuery } from '@tanstack/react-query';

import type { CopilotStatus } from './copilot-types';
import { getJson } from './http';

/** Who writes the answers, and what it can do. */
export const copilotStatusOptions = () =>
  queryOptions({
    queryKey: ['copilot-status'],
    queryFn: ({ signal }) => getJson<CopilotStatus>('copilot/status', {}, signal),
    staleTime: 60_000,
  });

export const useCopilotStatus = () => useQuery(copilotStatusOptions());
