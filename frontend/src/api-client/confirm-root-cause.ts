import { useMutation, useQueryClient } from '@tanstack/react-query';

import { toast } from '@/lib/toasts';

import type { RootCause } from './copilot-types';
import { postOnly } from './http';

/** Says which of the causes it was; null takes it back. */
export function useConfirmRootCause({ id, subject }: RootCause) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (entity: string | null) => postOnly(`root-causes/${encodeURIComponent(id)}/confirm`, { entity }),
    onSuccess: () => client.invalidateQueries({ queryKey: ['root-causes', subject.type, subject.id] }),
    onError: (error) => toast('The cause was not confirmed', { look: 'danger', detail: error.message }),
  });
}
