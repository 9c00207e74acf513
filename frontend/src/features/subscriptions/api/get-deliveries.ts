import { infiniteQueryOptions, keepPreviousData, queryOptions, useInfiniteQuery, useQuery } from '@tanstack/react-query';

import { getJson } from '@/api-client/http';
import type { Delivery, DeliveryState, List } from '@/api-client/types';

const PAGE = 100;
const EVERY_MS = 5000;
/** While one of them is about to be sent. */
const SOON_MS = 1000;
/** How many of the newest the state of all subscriptions is read from. */
export const NEWEST = 1000;

/** Which; the names are the API's. */
export interface DeliveryFilter {
  state?: DeliveryState;
  subscription?: string;
}

const fetchDeliveries = (filter: DeliveryFilter, page: { limit: number; cursor?: string }, signal?: AbortSignal) => getJson<List<Delivery>>('deliveries', { ...filter, ...page }, signal);

const isAtOnce = ({ state, attempts }: Delivery) => state === 'pending' && attempts === 0;

/** Someone who sends one waits to see what became of it; one that is tried again later is looked at less often. */
const everyMs = (pages: List<Delivery>[] = []) => (pages.some(({ items }) => items.some(isAtOnce)) ? SOON_MS : EVERY_MS);

export const deliveryPagesOptions = (filter: DeliveryFilter) =>
  infiniteQueryOptions({
    queryKey: ['deliveries', 'pages', filter],
    queryFn: ({ signal, pageParam }) => fetchDeliveries(filter, { limit: PAGE, cursor: pageParam }, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    placeholderData: keepPreviousData,
    refetchInterval: ({ state }) => everyMs(state.data?.pages),
  });

/** What was, is to be, and could not be told, page by page. */
export const useDeliveryPages = (filter: DeliveryFilter) => useInfiniteQuery(deliveryPagesOptions(filter));

export const newestDeliveriesOptions = (filter: DeliveryFilter, limit: number) =>
  queryOptions({
    queryKey: ['deliveries', 'newest', filter, limit],
    queryFn: ({ signal }) => fetchDeliveries(filter, { limit }, signal),
    refetchInterval: ({ state }) => everyMs(state.data && [state.data]),
  });

/** The newest few. */
export const useNewestDeliveries = (filter: DeliveryFilter, limit: number) => useQuery(newestDeliveriesOptions(filter, limit));
