import { queryOptions, useQuery } from '@tanstack/react-query';

import { getJson } from '@/api-client/http';
import type { IncidentDetail } from '@/api-client/types';

/** One incident with its alerts. */
export const incidentOptions = (id: string) =>
  queryOptions({
    queryKey: ['incident', id],
    queryFn: ({ signal }) => getJson<IncidentDetail>(`incidents/${encodeURIComponent(id)}`, {}, signal),
  });

export const useIncident = (id: string) => useQuery(incidentOptions(id));
