import { keepPreviousData, queryOptions, useQuery } from '@tanstack/react-query';

import { postJson } from '@/api-client/http';
import type { MessagePreview, SubscriptionWish } from '@/api-client/types';

export interface PreviewWish {
  subscription: SubscriptionWish;
  /** The alert that it is about; empty: a made-up one. */
  alert?: string;
  news: string;
}

export const messagePreviewOptions = (wish: PreviewWish | undefined) =>
  queryOptions({
    queryKey: ['message-preview', wish],
    queryFn: () => postJson<MessagePreview>('subscriptions/preview', wish),
    enabled: wish !== undefined,
    placeholderData: keepPreviousData,
    retry: false,
    staleTime: 5000,
  });

/** The message that a subscription would get; it need not be kept. */
export const useMessagePreview = (wish: PreviewWish | undefined) => useQuery(messagePreviewOptions(wish));
