import { queryOptions, useQuery } from '@tanstack/react-query';

import { getJson } from '@/api-client/http';
import type { Forecast } from '@/api-client/types';
import type { Horizon } from '@/lib/view';

/** Each costs the server a back-test, so one is kept for a while. */
const STALE_MS = 120_000;

export const forecastOptions = (series: string, horizon: Horizon | undefined) =>
  queryOptions({
    queryKey: ['forecast', series, horizon],
    queryFn: ({ signal }) => getJson<Forecast>(`metrics/series/${encodeURIComponent(series)}/forecast`, { horizon }, signal),
    staleTime: STALE_MS,
  });

export const useForecast = (series: string, horizon: Horizon | undefined) =>
  useQuery({ ...forecastOptions(series, horizon), enabled: horizon !== undefined });
