import { useQueries } from '@tanstack/react-query';

import { alertOptions } from '@/api-client/get-alert';

import { mergeEvents } from '../merge-events';

/** Of how many of its alerts the history is read. */
export const TOLD_MAX = 50;

/** What happened to the alerts of an incident, in one row. */
export function useIncidentEvents(alerts: readonly { id: string }[]) {
  return useQueries({
    queries: alerts.slice(0, TOLD_MAX).map(({ id }) => alertOptions(id)),
    combine: (answers) => ({
      events: mergeEvents(answers.flatMap(({ data }) => (data ? [data.events] : []))),
      isPending: answers.some(({ isPending }) => isPending),
      error: answers.find(({ error }) => error)?.error ?? null,
    }),
  });
}
