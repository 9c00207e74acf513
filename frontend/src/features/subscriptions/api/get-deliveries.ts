import { infiniteQueryOptions, keepPreviousData, queryOptions, useInfiniteQuery, useQuery } from '@tanstack/react-query';

import { getJson } from '@/api-client/http';
import type { Delivery, DeliveryState, List } from '@/api-client/types';

const PAGE = 100;
const EVERY_MS = 10_000;
/** How many of the newest the state of all subscriptions is read from. */
export const NEWEST = 1000;

/** Which; the names are the API's. */
export interface DeliveryFilter {
  state?: DeliveryState;
  subscription?: string;
}

const fetchDeliveries = (filter: DeliveryFilter, page: { limit: number; cursor?: string }, signal?: AbortSignal) => getJson<List<Delivery>>('deliveries', { ...filter, ...page }, signal);

export const deliveryPagesOptions = (filter: DeliveryFilter) =>
  infiniteQueryOptions({
    queryKey: ['deliveries', 'pages', filter],
    queryFn: ({ signal, pageParam }) => fetchDeliveries(filter, { limit: PAGE, cursor: pageParam }, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    placeholderData: keepPreviousData,
    refetchInterval: EVERY_MS,
  });

/** What was, is to be, and could not be told, page by page. */
export const useDeliveryPages = (filter: DeliveryFilter) => useInfiniteQuery(deliveryPagesOptions(filter));

export const newestDeliveriesOptions = (filter: DeliveryFilter, limit: number) =>
  queryOptions({
    queryKey: ['deliveries', 'newest', filter, limit],
    queryFn: ({ signal }) => fetchDeliveries(filter, { limit }, signal),
    refetchInterval: EVERY_MS,
  });

/** The newest few. */
export const useNewestDeliveries = (filter: DeliveryFilter, limit: number) => useQuery(newestDeliveriesOptions(filter, limit));
