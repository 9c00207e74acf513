import { useMutation, useQueryClient } from '@tanstack/react-query';

import { postJson } from './http';
import type { Silence, SilenceWish } from './types';

/** Holds back what would be sent about some alerts. */
export function useCreateSilence() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (wish: SilenceWish) => postJson<Silence>('silences', wish),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ['silences'] });
      await client.invalidateQueries({ queryKey: ['alerts'] });
      await client.invalidateQueries({ queryKey: ['alert'] });
    },
  });
}
