import { queryOptions, useQuery } from '@tanstack/react-query';

import { fetchRuns } from './get-runs';

const WATCHED_MS = 3000;
const ASIDE_MS = 15_000;
/** The most that the safety budget lets wait by default. */
const PAGE = 200;

/** What waits for a person's yes or no. */
export const waitingRunsOptions = () =>
  queryOptions({
    queryKey: ['runs', 'waiting'],
    queryFn: ({ signal }) => fetchRuns({ state: ['awaiting_approval'] }, { limit: PAGE }, signal),
    staleTime: 0,
  });

/** `isWatched`: someone looks at it, rather than only at the navigation. */
export const useWaitingRuns = (isWatched = false) => useQuery({ ...waitingRunsOptions(), refetchInterval: isWatched ? WATCHED_MS : ASIDE_MS });
