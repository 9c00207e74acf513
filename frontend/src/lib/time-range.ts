/** A moment as people write it: `now`, `now-15m`, a number of epoch units or an RFC 3339 time. */
const UNITS_MS = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const;
type Unit = keyof typeof UNITS_MS;

export interface TimeRange {
  from?: string;
  to?: string;
}

export const PRESETS: { label: string; range: TimeRange }[] = [
  { label: 'Last 15 minutes', range: { from: 'now-15m' } },
  { label: 'Last hour', range: { from: 'now-1h' } },
  { label: 'Last 6 hours', range: { from: 'now-6h' } },
  { label: 'Last 24 hours', range: { from: 'now-24h' } },
  { label: 'Last 7 days', range: { from: 'now-7d' } },
  { label: 'All time', range: {} },
];

/** Where metrics begin unless a start is chosen: a chart of all time would show no detail. */
export const METRICS_FROM = 'now-24h';

/** Milliseconds since the epoch, or undefined when the text is no moment. */
export function parseMoment(text: string, now: number): number | undefined {
  const trimmed = text.trim();
  const relative = /^now(?:\s*([+-])\s*(\d+)\s*([smhdw]))?$/.exec(trimmed);
  if (relative) {
    const [, sign, amount, unit] = relative;
    if (!unit) return now;
    return now + (sign === '-' ? -1 : 1) * Number(amount) * UNITS_MS[unit as Unit];
  }
  if (/^\d+$/.test(trimmed)) return parseEpoch(trimmed);
  // Browsers read all kinds of text as some date; only dates that begin with the year are meant.
  if (!/^\d{4}-\d{2}/.test(trimmed)) return undefined;
  const parsed = parseTime(trimmed.replace(/^(\d{4}-\d{2}-\d{2}) (\d)/, '$1T$2'));
  return Number.isNaN(parsed) ? undefined : parsed;
}

/** Seconds, milliseconds, microseconds or nanoseconds, told apart by their size. */
function parseEpoch(digits: string): number | undefined {
  if (digits.length < 9) return undefined;
  if (digits.length <= 11) return Number(digits) * 1000;
  if (digits.length <= 14) return Number(digits);
  return Number(digits.slice(0, digits.length <= 17 ? -3 : -6));
}

/** Reads an RFC 3339 time with up to nine digits of fraction; milliseconds remain. */
export function parseTime(text: string): number {
  return Date.parse(text.replace(/(\.\d{3})\d+/, '$1'));
}

/** The range with its moments fixed, as the API takes it: relative ones count from `anchor`. */
export function resolveRange({ from, to }: TimeRange, anchor: number): TimeRange {
  const fix = (text: string | undefined) => {
    if (text === undefined) return undefined;
    const moment = parseMoment(text, anchor);
    return moment === undefined ? undefined : new Date(moment).toISOString();
  };
  return { from: fix(from), to: fix(to) };
}

/** What is wrong with a range that somebody typed, or undefined. */
export function rangeProblem({ from, to }: TimeRange, now: number): string | undefined {
  const start = from === undefined ? undefined : parseMoment(from, now);
  const end = to === undefined ? undefined : parseMoment(to, now);
  const example = 'write now-1h, 2026-01-31 14:00 or an epoch number';
  if (from !== undefined && start === undefined) return `The start is no time: ${example}.`;
  if (to !== undefined && end === undefined) return `The end is no time: ${example}.`;
  if (start !== undefined && end !== undefined && start >= end) return 'The start must lie before the end.';
  return undefined;
}

/** A short name for a range, for the button that opens the picker. */
export function rangeLabel(range: TimeRange, show: (ms: number) => string): string {
  const preset = PRESETS.find(({ range: { from } }) => from === range.from && range.to === undefined);
  if (preset) return preset.label;
  const moment = (text: string) => {
    const ms = text.startsWith('now') ? undefined : parseMoment(text, 0);
    return ms === undefined ? text : show(ms);
  };
  if (range.to === undefined) return `since ${moment(range.from ?? '')}`;
  if (range.from === undefined) return `until ${moment(range.to)}`;
  return `${moment(range.from)} → ${moment(range.to)}`;
}
