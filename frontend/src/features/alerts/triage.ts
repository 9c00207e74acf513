/** Where the reader stands in the list, and what is selected. */
export interface Triage {
  current?: string;
  /** Where `current` stood, for when it leaves the list. */
  index: number;
  selected: ReadonlySet<string>;
}

export const NO_TRIAGE: Triage = { index: -1, selected: new Set() };

/** Fits what was remembered to the list as it is now: who left it is neither current nor selected. */
export function settle(triage: Triage, ids: readonly string[]): Triage {
  const known = new Set(ids);
  const selected = [...triage.selected].every((id) => known.has(id)) ? triage.selected : new Set([...triage.selected].filter((id) => known.has(id)));
  if (triage.current === undefined) return selected === triage.selected ? triage : { ...triage, selected };
  const at = ids.indexOf(triage.current);
  // The one that comes into the place of one that left is next.
  const index = at >= 0 ? at : Math.min(triage.index, ids.length - 1);
  const current = ids[index];
  return current === triage.current && index === triage.index && selected === triage.selected ? triage : { current, index, selected };
}

export function move(triage: Triage, ids: readonly string[], by: number): Triage {
  const index = Math.max(0, Math.min(ids.length - 1, triage.index + by));
  return ids.length === 0 ? triage : { ...triage, index, current: ids[index] };
}

export const goTo = (triage: Triage, ids: readonly string[], id: string): Triage => ({ ...triage, current: id, index: ids.indexOf(id) });

export function toggle(triage: Triage, id: string | undefined): Triage {
  if (id === undefined) return triage;
  const selected = new Set(triage.selected);
  if (!selected.delete(id)) selected.add(id);
  return { ...triage, selected };
}

export const selectAll = (triage: Triage, ids: readonly string[]): Triage => ({ ...triage, selected: new Set(ids) });

export const selectNone = (triage: Triage): Triage => ({ ...triage, selected: new Set() });

/** What a key acts on: the selected ones, or else the current one. */
export function targets({ selected, current }: Triage): string[] {
  if (selected.size > 0) return [...selected];
  return current === undefined ? [] : [current];
}

export type Act = 'acknowledge' | 'start' | 'resolve' | 'snooze' | 'escalate' | 'comment' | 'assign';

/** The keys of the list, and what they do. */
export const ACT_KEYS: Record<string, Act> = { a: 'acknowledge', r: 'resolve', s: 'snooze', e: 'escalate', c: 'comment' };
