import { expect, it } from 'vitest';

import type { AlertEvent } from '@/api-client/types';

import { mergeEvents } from './merge-events';
import { responseOf } from './response';

const event = (seq: number, alert: string): AlertEvent => ({ seq, alert, at: '', actor: 'system', kind: 'fired' });

it('makes one history of several, each event once', () => {
  const merged = mergeEvents([[event(1, 'a'), event(4, 'a')], [event(2, 'b'), event(3, 'b')], [event(4, 'a')]]);
  expect(merged.map(({ seq, alert }) => `${seq}${alert}`)).toEqual(['1a', '2b', '3b', '4a']);
  expect(mergeEvents([])).toEqual([]);
});

it('means the time until incidents were acknowledged and resolved', () => {
  const at = (minute: number) => `2026-01-31T10:${String(minute).padStart(2, '0')}:00Z`;
  const incidents = [
    { starts_at: at(0), acknowledged_at: at(2), resolved_at: at(30) },
    { starts_at: at(0), acknowledged_at: at(4), resolved_at: null },
    { starts_at: at(0), acknowledged_at: null, resolved_at: null },
  ];
  expect(responseOf(incidents)).toEqual({ mtta: 180, mttr: 1800 });
  expect(responseOf([])).toEqual({ mtta: undefined, mttr: undefined });
});
