import { Link } from '@tanstack/react-router';
import type { ComponentProps } from 'react';

import { RUN } from '@/lib/pages';

/** A link to a run of automation. */
export function RunLink({ id, ...rest }: Omit<ComponentProps<'a'>, 'href'> & { id: string }) {
  return <Link to={RUN} params={{ run: id } as never} {...rest} />;
}
