import { useMutation, useQueryClient } from '@tanstack/react-query';

import type { Run } from '@/api-client/automation-types';
import { postJson } from '@/api-client/http';
import type { VoteVerdict } from '@/lib/automation-words';
import { toast } from '@/lib/toasts';

import { changeOf, PlanChanged } from '../plan-guard';

import { fetchRun, runOptions } from './get-run';

export interface Ballot {
  verdict: VoteVerdict;
  /** The hash of the plan that the reader has seen. */
  plan: string;
  comment: string;
}

/** Says yes or no to the plan that was seen. If it is another one by now, nothing is sent. */
export function useVoteOnRun(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async ({ verdict, plan, comment }: Ballot) => {
      const now = await fetchRun(id);
      client.setQueryData(runOptions(id).queryKey, now);
      const change = changeOf(plan, now);
      if (change) throw new PlanChanged(change);
      return postJson<Run>(`automation/runs/${encodeURIComponent(id)}/${verdict}`, { plan, comment, channel: 'page' });
    },
    onSuccess: ({ state }, { verdict }) => toast(verdict === 'reject' ? 'The run is rejected' : state === 'awaiting_approval' ? 'Your approval counts; others are asked too' : 'The run is approved'),
    onError: (error) => error instanceof PlanChanged && toast('Nothing was sent', { look: 'danger', detail: error.message }),
    // What was refused may have changed since it was shown.
    onSettled: () => Promise.all([['run', id], ['runs']].map((queryKey) => client.invalidateQueries({ queryKey }))),
  });
}
