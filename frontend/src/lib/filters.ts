import type { Severity } from './severity';
import type { TimeRange } from './time-range';
import type { SearchMode, View } from './view';

/** What a request about log lines asks for; the names are the API's. */
export interface LogFilters {
  q?: string;
  mode?: SearchMode;
  from?: string;
  to?: string;
  source?: string[];
  host?: string[];
  severity?: Severity[];
  template?: string[];
  order?: 'newest' | 'oldest';
  /** When it was asked; not sent. */
  asOf?: number;
}

/** Without words there is nothing to look up by meaning. */
export const modeOf = (view: View): SearchMode => (view.q?.trim() ? (view.mode ?? 'text') : 'text');

export function filtersOf(view: View, range: TimeRange & { asOf?: number }): LogFilters {
  return {
    q: view.q?.trim() || undefined,
    mode: modeOf(view),
    ...range,
    source: view.source,
    host: view.host,
    severity: view.severity,
    template: view.template,
    order: view.order,
  };
}
