import { describe, expect, it } from 'vitest';

import { goTo, move, NO_TRIAGE, selectAll, selectNone, settle, targets, toggle } from './triage';

const IDS = ['a', 'b', 'c', 'd'];

describe('triage by keyboard', () => {
  it('moves within the list and stops at its ends', () => {
    let triage = move(NO_TRIAGE, IDS, 1);
    expect(triage.current).toBe('a');
    triage = move(move(triage, IDS, 1), IDS, 1);
    expect(triage.current).toBe('c');
    expect(move(move(triage, IDS, 1), IDS, 1).current).toBe('d');
    expect(move(goTo(triage, IDS, 'a'), IDS, -1).current).toBe('a');
    expect(move(NO_TRIAGE, [], 1)).toBe(NO_TRIAGE);
  });

  it('acts on the selected ones, or else on the current one', () => {
    const at = goTo(NO_TRIAGE, IDS, 'b');
    expect(targets(NO_TRIAGE)).toEqual([]);
    expect(targets(at)).toEqual(['b']);
    const chosen = toggle(toggle(at, 'c'), 'd');
    expect(targets(chosen)).toEqual(['c', 'd']);
    expect(targets(toggle(chosen, 'c'))).toEqual(['d']);
    expect(targets(selectNone(selectAll(at, IDS)))).toEqual(['b']);
    expect(toggle(at, undefined)).toBe(at);
  });

  it('goes on with the next one when the current one leaves the list', () => {
    const at = toggle(goTo(NO_TRIAGE, IDS, 'b'), 'b');
    const after = settle(at, ['a', 'c', 'd']);
    expect(after.current).toBe('c');
    expect(after.selected.size).toBe(0);
    expect(settle(goTo(NO_TRIAGE, IDS, 'd'), ['a', 'b']).current).toBe('b');
    expect(settle(goTo(NO_TRIAGE, IDS, 'd'), []).current).toBeUndefined();
  });

  it('stays on its alert when others come in above it', () => {
    const at = goTo(NO_TRIAGE, IDS, 'b');
    expect(settle(at, ['z', ...IDS])).toMatchObject({ current: 'b', index: 2 });
    expect(settle(at, IDS)).toBe(at);
  });
});
