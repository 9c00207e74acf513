import type { Alert, Evidence } from '@/api-client/types';
import { parseTime } from '@/lib/time-range';
import type { View } from '@/lib/view';

const HOUR_MS = 3_600_000;
const AROUND_MS = 10 * 60_000;

const moment = (ms: number) => new Date(ms).toISOString();

/** Where a fact can be looked at. */
export function evidenceTarget(evidence: Evidence, alert: Pick<Alert, 'starts_at' | 'last_at'>): { page: 'search' | 'metrics'; view: View } {
  switch (evidence.type) {
    case 'record':
      return { page: 'search', view: { ...around(alert), record: evidence.id } };
    case 'template':
      return { page: 'search', view: { template: [evidence.id] } };
    case 'metric':
      return { page: 'metrics', view: { view: 'query', q: evidence.query, ...widened(evidence.from, evidence.to) } };
    case 'anomaly':
      return { page: 'metrics', view: { series: [evidence.series], from: moment(parseTime(alert.starts_at) - 6 * HOUR_MS), to: moment(parseTime(alert.last_at) + HOUR_MS) } };
    case 'prediction':
      return { page: 'metrics', view: { series: [evidence.series], horizon: '1d' } };
  }
}

const around = ({ starts_at, last_at }: Pick<Alert, 'starts_at' | 'last_at'>) => ({ from: moment(parseTime(starts_at) - AROUND_MS), to: moment(parseTime(last_at) + AROUND_MS) });

/** A window of a few seconds shows nothing by itself. */
function widened(from: string, to: string) {
  const [start, end] = [parseTime(from), parseTime(to)];
  const missing = Math.max(0, HOUR_MS - (end - start)) / 2;
  return { from: moment(start - missing), to: moment(end + missing) };
}
