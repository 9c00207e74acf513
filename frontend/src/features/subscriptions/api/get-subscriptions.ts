import { queryOptions, useQuery } from '@tanstack/react-query';

import { getJson } from '@/api-client/http';
import type { List, Subscription } from '@/api-client/types';

const EVERY_MS = 30_000;

export const subscriptionsOptions = () =>
  queryOptions({
    queryKey: ['subscriptions'],
    queryFn: ({ signal }) => getJson<List<Subscription>>('subscriptions', {}, signal),
    refetchInterval: EVERY_MS,
  });

/** All subscriptions, the oldest first. */
export const useSubscriptions = () => useQuery(subscriptionsOptions());
