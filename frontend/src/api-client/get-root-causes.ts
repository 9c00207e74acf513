import { queryOptions, useQuery } from '@tanstack/react-query';

import type { RootCause, SubjectType } from './copilot-types';
import { getJson } from './http';
import type { List } from './types';

/** What causes are asked for: an alert or an incident. */
export interface Subject {
  type: SubjectType;
  id: string;
}

/** A critical alert is analysed by itself soon after it came; later, revisions are rare. */
const SOON_MS = 10_000;
const LATER_MS = 60_000;

export const rootCausePath = ({ type, id }: Subject) => `${type}s/${encodeURIComponent(id)}/root-cause`;

export const rootCausesOptions = (subject: Subject) =>
  queryOptions({
    queryKey: ['root-causes', subject.type, subject.id],
    queryFn: ({ signal }) => getJson<List<RootCause>>(rootCausePath(subject), {}, signal),
    refetchInterval: ({ state }) => (state.data?.items.length ? LATER_MS : SOON_MS),
  });

/** The reports of causes, the newest revision first. */
export const useRootCauses = (subject: Subject) => useQuery(rootCausesOptions(subject));
