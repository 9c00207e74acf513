import type { LogRecord } from '@/api-client/types';

/** Lines kept on the page; older ones give way to newer. */
export const KEPT_MAX = 10_000;

export interface TailBuffer {
  lines: LogRecord[];
  /** Lines that arrived since pausing. */
  held: LogRecord[];
  paused: boolean;
  /** Lines that had to be let go of on the page during a pause. */
  dropped: number;
  /** Lines that the server left out because more arrived than could be sent. */
  skipped: number;
  /** Lines that have left the top of `lines` so far. */
  departed: number;
}

export const EMPTY_BUFFER: TailBuffer = { lines: [], held: [], paused: false, dropped: 0, skipped: 0, departed: 0 };

/** Takes in lines, oldest first: into sight, or aside while paused. */
export function arrive(buffer: TailBuffer, records: LogRecord[]): TailBuffer {
  if (records.length === 0) return buffer;
  if (buffer.paused) {
    const held = [...buffer.held, ...records];
    const excess = Math.max(0, held.length - KEPT_MAX);
    return { ...buffer, held: held.slice(excess), dropped: buffer.dropped + excess };
  }
  const lines = [...buffer.lines, ...records];
  const excess = Math.max(0, lines.length - KEPT_MAX);
  return { ...buffer, lines: lines.slice(excess), departed: buffer.departed + excess };
}

/** Empties the page; what flows and what was missed stays as it is. */
export const clear = (buffer: TailBuffer): TailBuffer => ({ ...buffer, lines: [], held: [], departed: 0 });

export const pause = (buffer: TailBuffer): TailBuffer => ({ ...buffer, paused: true });

/** Shows what was held back and goes on. */
export function resume(buffer: TailBuffer): TailBuffer {
  return arrive({ ...buffer, paused: false, held: [] }, buffer.held);
}
