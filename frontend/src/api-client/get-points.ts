import { keepPreviousData, queryOptions, useQuery } from '@tanstack/react-query';

import { getJson } from './http';
import type { List, Points } from './types';

/** About as many points as a chart has pixels. */
const POINTS = 800;

export interface PointsQuery {
  series?: string;
  /** A query in PromQL, instead of a series. */
  q?: string;
  fromMs: number;
  toMs: number;
}

/** The points of a series with what was expected of them, or those that a query comes to. */
export const pointsOptions = ({ series, q, fromMs, toMs }: PointsQuery) =>
  queryOptions({
    queryKey: ['points', { series, q }, fromMs, toMs],
    queryFn: ({ signal }) => getJson<List<Points>>('metrics/query', { series, q, from: iso(fromMs), to: iso(toMs), points: POINTS }, signal),
    placeholderData: keepPreviousData,
  });

const iso = (ms: number) => new Date(ms).toISOString();

export const usePoints = (query: PointsQuery, enabled = true) => useQuery({ ...pointsOptions(query), enabled });
