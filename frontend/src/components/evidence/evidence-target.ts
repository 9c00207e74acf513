import type { Evidence } from '@/api-client/types';
import type { PAGES } from '@/lib/pages';
import { parseTime } from '@/lib/time-range';
import type { View } from '@/lib/view';

const HOUR_MS = 3_600_000;
const AROUND_MS = 10 * 60_000;

/** The stretch of time that a fact belongs to. */
export interface Stretch {
  from: string;
  to: string;
}

export interface Target {
  page: keyof typeof PAGES;
  view: View;
  /** The run that is opened: it has an address of its own. */
  run?: string;
}

const moment = (ms: number) => new Date(ms).toISOString();

/** Where a fact can be looked at; nowhere if it is a line of what came with a question, which is not kept. */
export function evidenceTarget(evidence: Evidence, stretch?: Stretch): Target | undefined {
  switch (evidence.type) {
    case 'record':
      return { page: 'search', view: { ...around(stretch, AROUND_MS), record: evidence.id } };
    case 'template':
      return { page: 'search', view: { ...around(stretch, AROUND_MS), template: [evidence.id] } };
    case 'metric':
      return { page: 'metrics', view: { view: 'query', q: evidence.query, ...widened(evidence.from, evidence.to) } };
    case 'anomaly':
      return { page: 'metrics', view: { series: [evidence.series], ...around(stretch, 6 * HOUR_MS, HOUR_MS) } };
    case 'prediction':
      return { page: 'metrics', view: { series: [evidence.series], horizon: '1d' } };
    case 'alert':
      return { page: 'alerts', view: { alert: evidence.id, status: 'all' } };
    case 'incident':
      return { page: 'incidents', view: { incident: evidence.id } };
    case 'change':
      return { page: 'changes', view: { ...around(stretch, HOUR_MS), change: evidence.id } };
    case 'run':
      return { page: 'automation', view: { view: 'runs' }, run: evidence.id };
    case 'runbook':
      return { page: 'runbooks', view: { failure_type: evidence.failure_type } };
    case 'attachment':
      return undefined;
  }
}

/** The stretch around one moment, where a moment is known. */
export const momentOf = (at: string | null | undefined): Stretch | undefined => (at ? { from: at, to: at } : undefined);

/** A stretch with some time before and after it; none is all time. */
function around(stretch: Stretch | undefined, beforeMs: number, afterMs = beforeMs) {
  if (!stretch) return {};
  return { from: moment(parseTime(stretch.from) - beforeMs), to: moment(parseTime(stretch.to) + afterMs) };
}

/** A window of a few seconds shows nothing by itself. */
function widened(from: string, to: string) {
  const [start, end] = [parseTime(from), parseTime(to)];
  const missing = Math.max(0, HOUR_MS - (end - start)) / 2;
  return { from: moment(start - missing), to: moment(end + missing) };
}
