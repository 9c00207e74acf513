import { formatShare, formatSpan } from './format';
import { parseTime } from './time-range';

/** What of a prediction is needed to say it. */
export interface Said {
  rule: string;
  labels: Record<string, string>;
  probability: number;
  crosses_from?: string | null;
  crosses_at?: string | null;
  crosses_to?: string | null;
}

const SUBJECTS = ['mountpoint', 'path', 'device', 'pool', 'resource', 'topic', 'instance', 'host'];

/** What will be full, by the label that names it. */
export function subjectOf({ labels, rule }: Pick<Said, 'labels' | 'rule'>): string {
  const kind = rule.replace(/_(full|expires)$/, '').replaceAll('_', ' ');
  const named = SUBJECTS.slice(0, -2).find((key) => labels[key]);
  if (named) return rule.startsWith('inodes') ? `${kind} of ${labels[named] ?? ''}` : (labels[named] ?? kind);
  return kind;
}

const verbOf = (rule: string) => (rule.endsWith('_expires') ? 'expires' : rule.endsWith('_full') ? 'is full' : 'crosses its limit');

/** A span until a moment, or that it has come. */
const until = (time: string, now: number) => {
  const seconds = (parseTime(time) - now) / 1000;
  return seconds <= 0 ? 'now' : formatSpan(seconds);
};

/** `in 2 d 4 h`, or undefined if no crossing is in sight. */
export function timeToFull({ crosses_at }: Said, now: number): string | undefined {
  if (!crosses_at) return undefined;
  const span = until(crosses_at, now);
  return span === 'now' ? 'now' : `in ${span}`;
}

/** The interval that holds 80 % of the times of crossing, or undefined. */
export function crossingInterval({ crosses_from, crosses_to }: Said, now: number): string | undefined {
  if (!crosses_from) return undefined;
  return crosses_to ? `between ${until(crosses_from, now)} and ${until(crosses_to, now)}` : `not before ${until(crosses_from, now)}`;
}

/** `/var is full in 2 d 4 h, between 1 d and 3 d, 93 %`. */
export function predictionText(said: Said, now: number): string {
  const when = timeToFull(said, now);
  const parts = [`${subjectOf(said)} ${verbOf(said.rule)}${when ? ` ${when}` : ''}`, crossingInterval(said, now), formatShare(said.probability, 1)];
  return parts.filter(Boolean).join(', ');
}
