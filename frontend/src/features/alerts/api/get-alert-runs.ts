import { queryOptions, useQuery } from '@tanstack/react-query';

import { fetchRuns } from '@/api-client/get-runs';

const SHOWN = 5;

/** The newest runs of automation about an alert; `seq` is the last that happened to it. */
export const alertRunsOptions = (alert: string, seq: number) =>
  queryOptions({
    queryKey: ['runs', 'of-alert', alert, seq],
    queryFn: ({ signal }) => fetchRuns({ alert }, { limit: SHOWN }, signal),
    staleTime: 0,
    refetchInterval: 5000,
  });

export const useAlertRuns = (alert: string, seq: number) => useQuery(alertRunsOptions(alert, seq));
