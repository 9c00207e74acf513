import { describe, expect, it } from 'vitest';

import type { RunEvent, Vote } from '@/api-client/automation-types';
import type { RunState } from '@/lib/automation-words';

import { changeOf } from './plan-guard';
import { expiryOf, stateTimes, successRate } from './run-times';
import { stageProgress, stageText } from './stages';

const at = (second: number) => new Date(Date.UTC(2026, 0, 31, 12, 0, second)).toISOString();
const event = (seq: number, from: RunState | null, to: RunState, second: number): RunEvent => ({ seq, at: at(second), actor: 'system', from, to, what: 'x', detail: '' });
const vote = (actor: string, stage: number, verdict: Vote['verdict'] = 'approve'): Vote => ({ actor, stage, verdict, comment: '', channel: 'page', at: at(0) });

describe('a word about a plan', () => {
  it('is held back when the plan is another one, or nobody is asked any more', () => {
    expect(changeOf('aa', { plan: 'aa', state: 'awaiting_approval' })).toBeUndefined();
    expect(changeOf('aa', { plan: 'bb', state: 'awaiting_approval' })).toContain('another one');
    expect(changeOf('aa', { plan: null, state: 'awaiting_approval' })).toContain('another one');
    expect(changeOf('aa', { plan: 'aa', state: 'rolled_back' })).toBe('It is rolled back by now.');
  });
});

describe('the stages of a plan', () => {
  const stages = [
    { approvers: ['ana', 'ben'], count: 2 },
    { approvers: [], count: 1 },
  ];

  it('go on one after the other, and a name counts once', () => {
    const phases = (votes: Vote[], open?: number) => stageProgress(stages, votes, open).map(({ phase, yes }) => `${phase} ${yes.length}`);
    expect(phases([], 0)).toEqual(['now 0', 'later 0']);
    expect(phases([vote('ana', 0), vote('ana', 0)], 0)).toEqual(['now 1', 'later 0']);
    expect(phases([vote('ana', 0), vote('ben', 0)], 1)).toEqual(['done 2', 'now 0']);
    expect(phases([vote('ana', 0), vote('ben', 0), vote('cid', 1)])).toEqual(['done 2', 'done 1']);
    // Nobody is asked any more.
    expect(phases([vote('ana', 0, 'reject')])).toEqual(['never 0', 'never 0']);
  });

  it('are said in words', () => {
    expect(stages.map(stageText)).toEqual(['ana and ben', 'anyone']);
    expect(stageText({ approvers: ['ana'], count: 1 })).toBe('ana');
    expect(stageText({ approvers: ['ana', 'ben', 'cid'], count: 2 })).toBe('2 of ana, ben, cid');
    expect(stageText({ approvers: [], count: 2 })).toBe('any 2 people');
  });
});

describe('the times of a run', () => {
  it('are those of its states, not of what happened within them', () => {
    const events = [event(3, 'awaiting_approval', 'approved', 70), event(1, null, 'proposed', 0), event(2, 'proposed', 'awaiting_approval', 1), event(4, 'approved', 'approved', 80)];
    expect(stateTimes(events, Date.parse(at(100)))).toEqual([
      { state: 'proposed', since: at(0), secs: 1 },
      { state: 'awaiting_approval', since: at(1), secs: 69 },
      { state: 'approved', since: at(70), secs: 30 },
    ]);
  });

  it('end with the run', () => {
    const times = stateTimes([event(1, null, 'proposed', 0), event(2, 'proposed', 'expired', 5)], Date.parse(at(50)));
    expect(times.at(-1)).toEqual({ state: 'expired', since: at(5) });
  });

  it('say what is left, to the second', () => {
    const now = Date.parse(at(0));
    expect(expiryOf(at(90), now)).toEqual({ text: 'expires in 1 min 30 s', isSoon: true, isOver: false });
    expect(expiryOf(at(3700), now)).toMatchObject({ isSoon: false, isOver: false });
    expect(expiryOf(at(0), now)).toMatchObject({ text: 'expired', isOver: true });
    expect(expiryOf(null, now)).toBeUndefined();
  });

  it('give no rate where nothing was done', () => {
    expect(successRate({ executed: 0, succeeded: 0 })).toBeUndefined();
    expect(successRate({ executed: 4, succeeded: 3 })).toBe(0.75);
  });
});
