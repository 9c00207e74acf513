import { useMutation } from '@tanstack/react-query';

import type { Thread } from '@/api-client/copilot-types';
import { postJson } from '@/api-client/http';

/** Begins a conversation; its first question becomes its title. */
export const useCreateThread = () => useMutation({ mutationFn: () => postJson<Thread>('copilot/threads', {}) });
