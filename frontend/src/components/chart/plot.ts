/** Values at the times of a plot: null is a gap, undefined a time of another line. */
export type Column = (number | null | undefined)[];

export interface PlotLine {
  key: string;
  /** What the legend and the pointer call it; the edges of bands have none. */
  label?: string;
  /** A custom property of the theme, such as `--chart-1`. */
  color: string;
  values: Column;
  dash?: number[];
  width: number;
  /** True if the line may run out of sight rather than make the others small. */
  isSoft?: boolean;
}

/** The space between two lines. */
export interface PlotBand {
  label: string;
  upper: string;
  lower: string;
  color: string;
  opacity: number;
}

export interface Plot {
  /** Times in ms, ascending. */
  at: number[];
  lines: PlotLine[];
  bands: PlotBand[];
}

interface Columns {
  at: number[];
  columns: Column[];
}

/** Points further apart than so many usual steps are not joined by a line. */
const GAP_STEPS = 6;

/** The usual distance of two points, in ms; 0 without two. */
export function usualStep(at: number[]): number {
  const steps = at.slice(1).map((time, index) => time - (at[index] ?? time));
  return steps.sort((a, b) => a - b)[Math.floor(steps.length / 2)] ?? 0;
}

/** Puts a gap where nothing came for long; what the server calls null is one already. */
export function withGaps({ at, columns }: Columns): Columns {
  const limit = usualStep(at) * GAP_STEPS;
  const breaks = at.flatMap((time, index) => (index > 0 && limit > 0 && time - (at[index - 1] ?? time) > limit ? [index] : []));
  if (breaks.length === 0) return { at, columns };
  const insert = <T>(list: T[], between: (index: number) => T): T[] => {
    const edges = [0, ...breaks, list.length];
    return edges.slice(1).flatMap((end, part) => [...(part > 0 ? [between(edges[part] ?? 0)] : []), ...list.slice(edges[part], end)]);
  };
  return {
    at: insert(at, (index) => ((at[index - 1] ?? 0) + (at[index] ?? 0)) / 2),
    columns: columns.map((column) => insert<number | null | undefined>(column, () => null)),
  };
}

/** All columns over the union of their times. */
export function joined(parts: Columns[]): Columns {
  const at = [...new Set(parts.flatMap((part) => part.at))].sort((a, b) => a - b);
  const place = new Map(at.map((time, index) => [time, index]));
  const columns = parts.flatMap((part) =>
    part.columns.map((column) => {
      const wide: Column = new Array<number | null | undefined>(at.length).fill(undefined);
      part.at.forEach((time, index) => {
        wide[place.get(time) ?? 0] = column[index];
      });
      return wide;
    }),
  );
  return { at, columns };
}

/** How far soft lines may stretch the scale, as a share of what the others need. */
const SOFT_SHARE = 0.6;
const PADDING = 0.06;

/** The values that must be in sight: those of the lines and of `more`, with room around them. */
export function valueRange(lines: PlotLine[], more: number[] = []): [number, number] {
  const extent = (wanted: PlotLine[]) => {
    let [low, high] = [Infinity, -Infinity];
    for (const { values } of wanted)
      for (const value of values) {
        if (value === null || value === undefined) continue;
        low = Math.min(low, value);
        high = Math.max(high, value);
      }
    return [low, high] as const;
  };
  const [lineLow, lineHigh] = extent(lines.filter(({ isSoft }) => !isSoft));
  let low = Math.min(lineLow, ...more);
  let high = Math.max(lineHigh, ...more);
  if (low > high) return [0, 1];
  const isPositive = low >= 0;
  const span = high > low ? high - low : Math.max(Math.abs(high) * 0.2, 1e-9);
  const [softLow, softHigh] = extent(lines.filter(({ isSoft }) => isSoft));
  low = Math.max(Math.min(low, softLow), low - span * SOFT_SHARE);
  high = Math.min(Math.max(high, softHigh), high + span * SOFT_SHARE);
  const padding = Math.max(high - low, span) * PADDING;
  return [isPositive ? Math.max(0, low - padding) : low - padding, high + padding];
}

/** How far from the pointer a value may lie to be told, in points. */
const REACH = 16;

/** The value nearest to a place of a column, or nothing where there is a gap. */
export function valueNear(values: Column, index: number): number | null {
  for (let far = 0; far <= REACH; far += 1) {
    const before = values[index - far];
    const after = values[index + far];
    if (before !== undefined || after !== undefined) return before ?? after ?? null;
  }
  return null;
}
