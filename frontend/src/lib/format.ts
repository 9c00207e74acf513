import { parseTime } from './time-range';

export type Zone = 'local' | 'utc';

const grouped = new Intl.NumberFormat('en');
const compactNumber = new Intl.NumberFormat('en', { notation: 'compact', maximumSignificantDigits: 3 });

export const formatCount = (n: number) => grouped.format(n);

/** A number that may be unknown, as while the store that has it is away. */
export const formatKnown = (n: number | null | undefined, format: (n: number) => string = formatCount) => (n === null || n === undefined ? '–' : format(n));

/** At most four characters or so: for tables and badges, beside a title with the full number. */
export const formatCompact = (n: number) => (n < 10_000 ? grouped.format(n) : compactNumber.format(n));

export const plural = (n: number, word: string, words = `${word}s`) => `${formatCount(n)} ${n === 1 ? word : words}`;

export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 ? value : value.toPrecision(3)} ${units[unit] ?? ''}`;
}

export function formatRate(perSecond: number): string {
  if (perSecond === 0) return '0/s';
  if (perSecond < 0.1) return '<0.1/s';
  return `${perSecond < 10 ? perSecond.toFixed(1) : formatCompact(Math.round(perSecond))}/s`;
}

export function formatTook(ms: number): string {
  if (ms < 1) return '<1 ms';
  return ms < 1000 ? `${ms < 10 ? ms.toFixed(1) : ms.toFixed(0)} ms` : `${(ms / 1000).toFixed(2)} s`;
}

const SPANS: [number, string][] = [
  [31_536_000, 'y'],
  [86_400, 'd'],
  [3600, 'h'],
  [60, 'min'],
];

/** A span of time in its largest unit, or its two largest from a minute up. */
export function formatSpan(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const index = SPANS.findIndex(([size]) => whole >= size);
  if (index < 0) return `${whole} s`;
  const [size, unit] = SPANS[index] ?? [1, 's'];
  const [below, smaller] = SPANS[index + 1] ?? [1, 's'];
  const rest = Math.floor((whole % size) / below);
  return `${Math.floor(whole / size)} ${unit}${rest > 0 ? ` ${rest} ${smaller}` : ''}`;
}

/** `now` may be up to a minute behind, since pages renew it now and then only. */
export function formatAgo(time: string, now: number): string {
  const seconds = (now - parseTime(time)) / 1000;
  if (seconds < -60) return 'in the future';
  if (seconds < 2) return 'just now';
  return `${formatSpan(seconds).split(' ').slice(0, 2).join(' ')} ago`;
}

/** `2026-01-31 14:05:09.123`, without the fraction for whole-second precision. */
export function formatTime(time: string | number, zone: Zone, fraction = true): string {
  const ms = typeof time === 'number' ? time : parseTime(time);
  if (Number.isNaN(ms)) return String(time);
  const date = new Date(zone === 'utc' ? ms : ms - new Date(ms).getTimezoneOffset() * 60_000);
  const text = date.toISOString().replace('T', ' ').slice(0, fraction ? 23 : 19);
  return text;
}

const MONTH_MS = 28 * 86_400_000;

/** The shortest text that tells a moment on an axis whose labels stand `step` ms apart. */
export function formatTick(ms: number, zone: Zone, step: number): string {
  const [date, clock] = formatTime(ms, zone).split(' ');
  if (step >= MONTH_MS) return (date ?? '').slice(0, 7);
  if (step >= 86_400_000) return (date ?? '').slice(5);
  const time = (clock ?? '').slice(0, step < 60_000 ? 8 : 5);
  return time === '00:00' ? (date ?? '').slice(5) : time;
}

export const formatShare = (part: number, whole: number) => {
  const percent = whole === 0 ? 0 : (part / whole) * 100;
  if (percent > 0 && percent < 0.1) return '<0.1 %';
  return `${percent < 10 && percent > 0 ? percent.toFixed(1) : percent.toFixed(0)} %`;
};

