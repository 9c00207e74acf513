import type { Anomaly, Points } from '@/api-client/types';
import type { ZoneMark } from '@/components/chart/mark-plugins';
import { parseTime } from '@/lib/time-range';
import type { Horizon } from '@/lib/view';

import type { MetricRange } from './use-metric-range';

const HOUR_MS = 3_600_000;
const HORIZON_MS: Record<Horizon, number> = { '6h': 6 * HOUR_MS, '1d': 24 * HOUR_MS, '7d': 7 * 24 * HOUR_MS };

/** The stretch of time that a chart shows: the chosen one, and the future after it if that is asked for. */
export function drawnRange({ fromMs, toMs, isOpen }: MetricRange, horizon: Horizon | undefined): { fromMs: number; toMs: number } {
  return { fromMs, toMs: horizon && isOpen ? toMs + HORIZON_MS[horizon] : toMs };
}

/** Anomalies as zones; what someone called none is no zone, and what lasts reaches to the end. */
export function zonesOf(anomalies: Anomaly[], toMs: number): ZoneMark[] {
  return anomalies
    .filter(({ feedback }) => feedback !== 'not_anomaly')
    .map(({ started_at, ended_at }) => ({ fromMs: parseTime(started_at), toMs: ended_at ? parseTime(ended_at) : toMs }));
}

/** The last value that is one. */
export const latestOf = ({ value }: Points): number | undefined => value.findLast((one) => one !== null) ?? undefined;

/** A range in which an anomaly is seen with what was before and after it. */
export function rangeAround({ started_at, ended_at }: Pick<Anomaly, 'started_at' | 'ended_at'>): { from: string; to?: string } {
  const start = parseTime(started_at);
  const end = ended_at ? parseTime(ended_at) : undefined;
  const margin = Math.max(2 * HOUR_MS, 2 * ((end ?? start) - start));
  return { from: new Date(start - margin).toISOString(), to: end === undefined ? undefined : new Date(end + margin).toISOString() };
}
