import { describe, expect, it } from 'vitest';

import type { TicketSettings } from '@/api-client/types';

import { draftOf, isChanged, problemsOf, settingsOf, thresholdText } from './settings-draft';

const SETTINGS: TicketSettings = { enabled: true, paused: false, thresholds: { critical: 0, high: 0.6, medium: 0.75, low: 2 }, resolves: true, reopen_hours: 72 };

describe('the settings as a form', () => {
  it('come back as they were', () => {
    const { thresholds, resolves, reopen_hours } = SETTINGS;
    expect(settingsOf(draftOf(SETTINGS))).toEqual({ thresholds, resolves, reopen_hours });
    expect(isChanged(draftOf(SETTINGS), SETTINGS)).toBe(false);
  });

  it('keep a number for when never is taken back', () => {
    const draft = draftOf(SETTINGS);
    expect(draft.thresholds.low).toEqual({ text: '0.9', isNever: true });
    draft.thresholds.low.isNever = false;
    expect(settingsOf(draft).thresholds.low).toBe(0.9);
    expect(isChanged(draft, SETTINGS)).toBe(true);
  });

  it('say what cannot be', () => {
    const draft = draftOf(SETTINGS);
    draft.thresholds.high.text = '1.5';
    draft.thresholds.medium.text = '';
    draft.thresholds.low.text = 'much';
    draft.reopenHours = '-1';
    expect(Object.keys(problemsOf(draft))).toEqual(['thresholds.high', 'thresholds.medium', 'reopen_hours']);
    expect(problemsOf(draftOf(SETTINGS))).toEqual({});
  });

  it('are said in words', () => {
    expect(thresholdText({ text: '0', isNever: false })).toBe('every alert gets a ticket');
    expect(thresholdText({ text: '0.5', isNever: true })).toBe('no ticket');
  });
});
