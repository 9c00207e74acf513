import { useMutation } from '@tanstack/react-query';

import { sendJson } from '@/api-client/http';
import type { ChannelAnswer } from '@/api-client/types';

/** Sends a made-up alert at once and says what the channel answered. */
export const useTestSubscription = () => useMutation({ mutationFn: (id: string) => sendJson<ChannelAnswer>('POST', `subscriptions/${encodeURIComponent(id)}/test`) });
