import { useRouterState } from '@tanstack/react-router';

import { PAGES } from './pages';

/** The path of the page that is shown, as `PAGES` has it: the router keeps it relative to the base. */
export const usePath = (): string => useRouterState({ select: (state) => state.matches.at(-1)?.fullPath as string | undefined }) ?? PAGES.home;
