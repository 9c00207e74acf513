import type { Prediction } from '@/api-client/types';
import type { LimitMark } from '@/components/chart/mark-plugins';
import { nameOf, ownLabels, type Labels } from '@/lib/labels';
import { parseTime } from '@/lib/time-range';
import { formatValue, measureOf, type Measure } from '@/lib/units';

/** How far the latest value may lie from a prediction's, as a share of the limit. */
const CLOSE_SHARE = 0.05;
/** Words of rules that say nothing about the metric. */
const EMPTY_WORDS = new Set(['full', 'expires', 'telegraf']);

/**
 * The predictions that speak of a series. They are made of the answers to rules, which have the
 * labels but not the name of what they were computed from: so the labels must agree, the rule must
 * share a word with the metric, and both must have the same value now.
 */
export function predictionsFor(labels: Labels, latest: number | undefined, predictions: Prediction[]): Prediction[] {
  if (latest === undefined) return [];
  const name = nameOf(labels);
  return predictions.filter(({ rule, labels: theirs, current, threshold }) => {
    const words = rule.split('_').filter((word) => !EMPTY_WORDS.has(word));
    const scale = Math.max(Math.abs(threshold), Math.abs(current ?? 0));
    const isClose = current !== null && current !== undefined && Math.abs(current - latest) <= scale * CLOSE_SHARE;
    return isClose && words.some((word) => name.includes(word)) && ownLabels(labels).every(([key, value]) => theirs[key] === value);
  });
}

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
