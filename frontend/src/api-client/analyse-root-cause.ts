import { useMutation, useQueryClient } from '@tanstack/react-query';

import type { RootCause } from './copilot-types';
import { rootCausePath, rootCausesOptions, type Subject } from './get-root-causes';
import { postJson } from './http';

/** Looks for the cause now; the report is added to those that there are. */
export function useAnalyseRootCause(subject: Subject) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => postJson<RootCause>(rootCausePath(subject), {}),
    onSuccess: () => client.invalidateQueries({ queryKey: rootCausesOptions(subject).queryKey }),
  });
}
