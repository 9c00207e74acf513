import { keepPreviousData, queryOptions, useQuery } from '@tanstack/react-query';

import type { TimeRange } from '@/lib/time-range';

import type { Summary } from './copilot-types';
import { getJson } from './http';

/** What is summed up: the path of its summary, and over which time where that is a choice. */
export interface Summed {
  path: string;
  range?: TimeRange;
  /** When it was asked; not sent. */
  asOf?: number;
}

/** A model may be paid for it, so it is not asked again by itself. */
export const summaryOptions = ({ path, range, asOf }: Summed) =>
  queryOptions({
    queryKey: ['summary', path, range, asOf],
    queryFn: ({ signal }) => getJson<Summary>(path, { ...range }, signal),
    staleTime: Infinity,
    placeholderData: keepPreviousData,
  });

export const useSummary = (summed: Summed, enabled = true) => useQuery({ ...summaryOptions(summed), enabled });
