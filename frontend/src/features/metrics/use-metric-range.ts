import { useMemo } from 'react';

import { useAnchor } from '@/lib/anchor';
import { METRICS_FROM, parseMoment } from '@/lib/time-range';
import { useView } from '@/lib/use-view';

const DAY_MS = 86_400_000;

export interface MetricRange {
  fromMs: number;
  toMs: number;
  /** True if the range ends now, so that the future may be drawn after it. */
  isOpen: boolean;
  asOf: number;
}

/** The chosen stretch of time in ms: a chart needs both of its ends. */
export function useMetricRange(): MetricRange {
  const [{ from, to }] = useView();
  const { now } = useAnchor();
  return useMemo(() => {
    const end = to === undefined ? undefined : parseMoment(to, now);
    const toMs = end ?? now;
    const start = parseMoment(from ?? (end === undefined ? METRICS_FROM : ''), now) ?? toMs - DAY_MS;
    return { fromMs: Math.min(start, toMs - 1000), toMs, isOpen: end === undefined, asOf: now };
  }, [from, to, now]);
}
