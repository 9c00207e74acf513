import { describe, expect, it } from 'vitest';

import { RUN_STATES } from '@/lib/automation-words';
import { parseQueryString, parseView } from '@/lib/view';

import { ALL_RUNS, narrowsRuns, runFilterOf, STATE_CHOICES } from './run-filter';

const view = (text: string) => parseView(parseQueryString(text));

describe('which runs the URL asks for', () => {
  it('are all of them unless it says', () => {
    expect(runFilterOf(view('?view=runs'), {})).toEqual({ state: undefined, rule: undefined, provider: undefined, alert: undefined, from: undefined, to: undefined });
    expect(narrowsRuns(view('?view=runs'))).toBe(false);
    expect(runFilterOf(view('?status=nonsense'), {}).state).toBeUndefined();
  });

  it('are those of a state, or of all that are over or not', () => {
    expect(runFilterOf(view('?status=failed&rule=clean&provider=scripts&alert=1'), {})).toMatchObject({ state: ['failed'], rule: 'clean', provider: 'scripts', alert: '1' });
    const both = ['active', 'ended'].flatMap((status) => runFilterOf(view(`?status=${status}`), {}).state ?? []);
    expect([...both].sort()).toEqual([...RUN_STATES].sort());
    expect(STATE_CHOICES).toHaveLength(RUN_STATES.length + 3);
  });

  it('can be widened again', () => {
    const narrow = view('?status=failed&rule=a&provider=b&alert=c&from=now-1h&view=runs');
    expect(narrowsRuns(narrow)).toBe(true);
    expect(narrowsRuns({ ...narrow, ...ALL_RUNS })).toBe(false);
  });
});
