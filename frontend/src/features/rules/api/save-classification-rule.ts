import { useMutation, useQueryClient } from '@tanstack/react-query';

import { sendJson } from '@/api-client/http';
import type { ClassificationRule } from '@/api-client/types';
import { toast } from '@/lib/toasts';

/** Makes a rule of the catalogue, or changes the one with this id. */
export function useSaveClassificationRule(id: string | undefined) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (rule: ClassificationRule) =>
      id === undefined ? sendJson<ClassificationRule>('POST', 'classification-rules', rule) : sendJson<ClassificationRule>('PUT', `classification-rules/${encodeURIComponent(id)}`, rule),
    onSuccess: async () => {
      toast('The rule is kept');
      await client.invalidateQueries({ queryKey: ['classification-rules'] });
    },
  });
}
