import { useMutation, useQueryClient } from '@tanstack/react-query';

import type { Verdict } from '@/api-client/copilot-types';
import { postOnly } from '@/api-client/http';
import { toast } from '@/lib/toasts';

export interface Opinion {
  message: string;
  thread: string;
  /** Null takes it back. */
  feedback: Verdict | null;
  comment?: string;
}

/** Says whether an answer helped. */
export function useSendFeedback() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ message, feedback, comment }: Opinion) => postOnly(`copilot/messages/${encodeURIComponent(message)}/feedback`, { feedback, comment }),
    onSuccess: (_, { thread }) => client.invalidateQueries({ queryKey: ['copilot-thread', thread] }),
    onError: (error) => toast('What you think of it was not kept', { look: 'danger', detail: error.message }),
  });
}
