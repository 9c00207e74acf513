import type { AlertEvent } from '@/api-client/types';

/** The histories of several alerts as one, in the order of their numbers, each event once. */
export function mergeEvents(histories: readonly (readonly AlertEvent[])[]): AlertEvent[] {
  const all = new Map(histories.flat().map((event) => [event.seq, event]));
  return [...all.values()].sort((a, b) => a.seq - b.seq);
}
