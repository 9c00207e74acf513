import type { Prediction } from '@/api-client/types';
import type { LimitMark } from '@/components/chart/mark-plugins';
import { nameOf, ownLabels, type Labels } from '@/lib/labels';
import { parseTime } from '@/lib/time-range';
import { formatValue, measureOf, type Measure } from '@/lib/units';

/**
 * The predictions that speak of a series' own values: those whose rule asks for just this metric.
 * A rule that computes something of several metrics speaks of none of them.
 */
export function predictionsFor(labels: Labels, predictions: Prediction[]): Prediction[] {
  const name = nameOf(labels);
  const own = ownLabels(labels);
  return predictions.filter(({ query, labels: theirs }) => metricOf(query) === name && own.every(([key, value]) => theirs[key] === value));
}

/** The metric that a query asks for and does nothing with. */
const metricOf = (query: string) => /^\s*([a-zA-Z_:][\w:]*)\s*(\{[^}]*\})?\s*$/.exec(query)?.[1];

/** What the values of a rule's query count: shares and per cents are known by their limit. */
export function measureOfLimit({ threshold }: Pick<Prediction, 'threshold'>): Measure {
  return measureOf(threshold === 1 ? 'x_ratio' : threshold === 100 ? 'x_percent' : 'x');
}

/** A limit as it is drawn. */
export function limitMark(prediction: Prediction): LimitMark {
  const { threshold, crosses_from: early, crosses_at: middle, crosses_to: late } = prediction;
  const label = `limit ${formatValue(threshold, measureOfLimit(prediction))}`;
  if (!early || !middle) return { value: threshold, label };
  return { value: threshold, label, crossing: { fromMs: parseTime(early), atMs: parseTime(middle), toMs: late ? parseTime(late) : undefined } };
}
