import { queryOptions, useQuery } from '@tanstack/react-query';

import { getJson } from './http';
import type { List, Prediction } from './types';

export interface PredictionsQuery {
  /** All that were made for one, instead of the newest of each. */
  series?: string;
  raised?: boolean;
  limit?: number;
}

/** When limits are reached. Those raised come first. */
export const predictionsOptions = (query: PredictionsQuery) =>
  queryOptions({
    queryKey: ['predictions', query],
    queryFn: ({ signal }) => getJson<List<Prediction>>('metrics/forecasts', { ...query }, signal),
  });

/** They are made every few minutes, and looked at a little more often than that. */
export const usePredictions = (query: PredictionsQuery, enabled = true) =>
  useQuery({ ...predictionsOptions(query), enabled, refetchInterval: 60_000 });
