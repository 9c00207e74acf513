import { keepPreviousData, queryOptions, useQuery } from '@tanstack/react-query';

import { getJson } from './http';
import type { Incident, List } from './types';

export const incidentsOptions = (status: string | undefined, limit: number) =>
  queryOptions({
    queryKey: ['incidents', status, limit],
    queryFn: ({ signal }) => getJson<List<Incident>>('incidents', { status, limit }, signal),
    placeholderData: keepPreviousData,
  });

/** Incidents, newest first; `status` is one or several, separated by commas. */
export const useIncidents = (status: string | undefined, limit: number, enabled = true) => useQuery({ ...incidentsOptions(status, limit), enabled });
