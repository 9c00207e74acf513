import { queryOptions, useQuery } from '@tanstack/react-query';

import { getJson } from './http';
import type { AlertSummary } from './types';

/** How many alerts there are of each severity and status. */
export const alertSummaryOptions = () =>
  queryOptions({
    queryKey: ['alert-summary'],
    queryFn: ({ signal }) => getJson<AlertSummary>('alerts/summary', {}, signal),
  });

/** The stream of alerts has it asked again; the interval is for when there is no stream. */
export const useAlertSummary = () => useQuery({ ...alertSummaryOptions(), refetchInterval: 60_000 });
