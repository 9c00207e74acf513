import { keepPreviousData, queryOptions, useQuery } from '@tanstack/react-query';

import type { AlertKind, AlertSeverity, AlertStatus } from '@/lib/alert-words';
import { matcherText, type Matcher } from '@/lib/matchers';

import { getJson, type Parameters } from './http';
import type { Alert, List } from './types';

/** Which alerts; the names are the API's. */
export interface AlertFilter {
  status?: AlertStatus[];
  severity?: AlertSeverity[];
  kind?: AlertKind;
  label?: Matcher[];
  q?: string;
  rule?: string;
  failure_type?: string;
  incident?: string;
  /** Given but empty: nobody's. */
  assignee?: string;
  firing?: boolean;
  from?: string;
  to?: string;
}

export function alertParameters({ label, assignee, ...others }: AlertFilter): Parameters {
  return { ...others, label: label?.length ? { each: label.map(matcherText) } : undefined, assignee: assignee === undefined ? undefined : { each: [assignee] } };
}

export const fetchAlerts = (filter: AlertFilter, page: { limit: number; cursor?: string }, signal?: AbortSignal) =>
  getJson<List<Alert>>('alerts', { ...alertParameters(filter), ...page }, signal);

export const alertsOptions = (filter: AlertFilter, limit: number) =>
  queryOptions({
    queryKey: ['alerts', 'some', filter, limit],
    queryFn: ({ signal }) => fetchAlerts(filter, { limit }, signal),
    placeholderData: keepPreviousData,
  });

/** The newest few that a filter leaves. */
export const useAlerts = (filter: AlertFilter, limit: number) => useQuery(alertsOptions(filter, limit));
