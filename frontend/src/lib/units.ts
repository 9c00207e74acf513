import { formatBytes, formatCompact, formatSpan } from './format';

/** What a number of a metric counts, as far as the metric's name tells. */
export type Unit = 'ratio' | 'percent' | 'bytes' | 'seconds' | 'ms' | 'celsius' | 'number';

/** A unit, and whether values are its growth per second. */
export interface Measure {
  unit: Unit;
  isRate: boolean;
}

const ENDINGS: [RegExp, Unit][] = [
  [/_ratio$/, 'ratio'],
  [/_percent(age)?$/, 'percent'],
  [/_bytes(_total)?$/, 'bytes'],
  [/_seconds(_total|_sum)?$/, 'seconds'],
  [/_(ms|milliseconds)(_total|_sum)?$/, 'ms'],
  [/_celsius$/, 'celsius'],
];

export const measureOf = (name: string, isRate = false): Measure => ({ unit: ENDINGS.find(([ending]) => ending.test(name))?.[1] ?? 'number', isRate });

/** About four digits, as short as they can be said. */
export function formatNumber(value: number): string {
  if (Number.isNaN(value)) return '–';
  const size = Math.abs(value);
  if (size >= 10_000 && size < 1e15) return formatCompact(value);
  if (size !== 0 && (size < 0.001 || size >= 1e15)) return value.toExponential(2);
  return String(Number(value.toPrecision(size >= 1000 ? 4 : 3)));
}

const signed = (value: number, format: (size: number) => string) => (value < 0 ? `−${format(-value)}` : format(value));

function formatSeconds(seconds: number): string {
  if (seconds < 0.001) return seconds === 0 ? '0 s' : `${formatNumber(seconds * 1e6)} µs`;
  if (seconds < 1) return `${formatNumber(seconds * 1000)} ms`;
  return seconds < 60 ? `${formatNumber(seconds)} s` : formatSpan(seconds);
}

/** A value in the words of its unit: `42 %`, `1.21 GB`, `3.4 kB/s`. */
export function formatValue(value: number | null | undefined, { unit, isRate }: Measure): string {
  if (value === null || value === undefined) return '–';
  // A second of work a second is no span of time any more.
  if (isRate && (unit === 'seconds' || unit === 'ms')) return `${formatNumber(value)} ${unit === 'ms' ? 'ms' : 's'}/s`;
  return `${inUnit(value, unit)}${isRate ? '/s' : ''}`;
}

function inUnit(value: number, unit: Unit): string {
  switch (unit) {
    case 'ratio':
      return `${formatNumber(value * 100)} %`;
    case 'percent':
      return `${formatNumber(value)} %`;
    case 'bytes':
      return signed(value, (size) => formatBytes(size < 10 ? Number(size.toPrecision(3)) : Math.round(size)));
    case 'seconds':
      return signed(value, formatSeconds);
    case 'ms':
      return signed(value, (size) => formatSeconds(size / 1000));
    case 'celsius':
      return `${formatNumber(value)} °C`;
    case 'number':
      return formatNumber(value);
  }
}
