import { useMutation, useQueryClient } from '@tanstack/react-query';

import { postJson } from '@/api-client/http';
import type { Incident } from '@/api-client/types';
import { toast } from '@/lib/toasts';

export type IncidentWish =
  | { action: 'acknowledge' | 'resolve' | 'reopen' }
  | { action: 'title'; title: string }
  | { action: 'merge'; incident: string }
  | { action: 'split' | 'add'; alerts: string[] }
  | { action: 'pin'; pinned: boolean };

const DONE: Record<IncidentWish['action'], string> = {
  acknowledge: 'The incident is acknowledged, and its alerts with it',
  resolve: 'The incident is resolved, and its alerts with it',
  reopen: 'The incident is open again',
  title: 'The incident has its new title',
  merge: 'The other incident is part of this one now',
  split: 'The alerts are an incident of their own now',
  add: 'The alerts are part of this incident now',
  pin: 'What belongs to the incident is decided anew',
};

/** Does something with an incident. */
export function useActOnIncident(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ action, ...body }: IncidentWish) => postJson<Incident>(`incidents/${encodeURIComponent(id)}/${action}`, body),
    onSuccess: async (_, { action }) => {
      toast(DONE[action]);
      await Promise.all(['incidents', 'incident', 'incident-events', 'alerts', 'alert', 'alert-summary'].map((key) => client.invalidateQueries({ queryKey: [key] })));
    },
    onError: (error) => toast('Nothing was done', { look: 'danger', detail: error.message }),
  });
}
