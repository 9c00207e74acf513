import { useMutation, useQueryClient } from '@tanstack/react-query';

import { sendJson } from '@/api-client/http';
import { toast } from '@/lib/toasts';

export type ScheduleAction = 'run' | 'pause' | 'resume';

const DONE: Record<ScheduleAction, string> = { run: 'The job is asked for', pause: 'The schedule is paused', resume: 'The schedule goes on' };

/** Has a schedule's job done now, pauses it, or has it go on. */
export function useActOnSchedule() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ name, action }: { name: string; action: ScheduleAction }) => sendJson('POST', `jobs/schedules/${encodeURIComponent(name)}/${action}`),
    onSuccess: (_, { action }) => toast(DONE[action]),
    onError: (error) => toast('That was not done', { look: 'danger', detail: error.message }),
    onSettled: () => Promise.all([['jobs'], ['job-schedules']].map((queryKey) => client.invalidateQueries({ queryKey }))),
  });
}
