import { Link } from '@tanstack/react-router';
import type { ComponentProps } from 'react';

import type { PagePath } from '@/lib/pages';
import { compact, type View } from '@/lib/view';

type Props = Omit<ComponentProps<'a'>, 'href'> & { to: PagePath; view?: View };

/** A link to a page with a view. */
export function ViewLink({ to, view = {}, ...rest }: Props) {
  return <Link to={to} search={compact(view) as never} {...rest} />;
}
