import type { RunState } from '@/lib/automation-words';

import type { Run } from './automation-types';
import { getJson } from './http';
import type { List } from './types';

/** Which runs; the names are the API's. */
export interface RunFilter {
  state?: RunState[];
  rule?: string;
  alert?: string;
  provider?: string;
  from?: string;
  to?: string;
}

export const fetchRuns = (filter: RunFilter, page: { limit: number; cursor?: string }, signal?: AbortSignal) => getJson<List<Run>>('automation/runs', { ...filter, ...page }, signal);
