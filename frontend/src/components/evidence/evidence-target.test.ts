import { expect, it } from 'vitest';

import { evidenceTarget, momentOf } from './evidence-target';

const STRETCH = { from: '2026-01-31T10:00:00Z', to: '2026-01-31T11:00:00Z' };

it('opens a line in the search, with its record and the lines around it', () => {
  expect(evidenceTarget({ type: 'record', id: 'r1', body: 'x' }, STRETCH)).toEqual({
    page: 'search',
    view: { record: 'r1', from: '2026-01-31T09:50:00.000Z', to: '2026-01-31T11:10:00.000Z' },
  });
  expect(evidenceTarget({ type: 'record', id: 'r1', body: 'x' })?.view).toEqual({ record: 'r1' });
});

it('opens a metric with its query, over an hour at least', () => {
  expect(evidenceTarget({ type: 'metric', query: 'up == 0', from: '2026-01-31T10:00:00Z', to: '2026-01-31T10:10:00Z' })).toEqual({
    page: 'metrics',
    view: { view: 'query', q: 'up == 0', from: '2026-01-31T09:35:00.000Z', to: '2026-01-31T10:35:00.000Z' },
  });
});

it('opens the series of an anomaly or a prediction', () => {
  expect(evidenceTarget({ type: 'anomaly', id: 'a', series: 's1', explanation: '' }, STRETCH)?.view).toEqual({ series: ['s1'], from: '2026-01-31T04:00:00.000Z', to: '2026-01-31T12:00:00.000Z' });
  expect(evidenceTarget({ type: 'prediction', id: 'p', series: 's2', explanation: '' })?.view).toEqual({ series: ['s2'], horizon: '1d' });
});

it('opens alerts, incidents, changes and runbooks by what names them', () => {
  expect(evidenceTarget({ type: 'alert', id: 'a1', title: '' }, STRETCH)).toEqual({ page: 'alerts', view: { alert: 'a1', status: 'all' } });
  expect(evidenceTarget({ type: 'incident', id: 'i1', title: '' }, STRETCH)).toEqual({ page: 'incidents', view: { incident: 'i1' } });
  expect(evidenceTarget({ type: 'change', id: 'c1', title: '' }, momentOf('2026-01-31T10:00:00Z'))).toEqual({
    page: 'changes',
    view: { change: 'c1', from: '2026-01-31T09:00:00.000Z', to: '2026-01-31T11:00:00.000Z' },
  });
  expect(evidenceTarget({ type: 'change', id: 'c1', title: '' }, momentOf(null))?.view).toEqual({ change: 'c1' });
  expect(evidenceTarget({ type: 'runbook', failure_type: 'disk_full', title: '' })).toEqual({ page: 'runbooks', view: { failure_type: 'disk_full' } });
});

it('opens a run at its own address', () => {
  expect(evidenceTarget({ type: 'run', id: 'r1', title: '' }, STRETCH)?.run).toBe('r1');
});

it('opens nothing for a line of what came with a question', () => {
  expect(evidenceTarget({ type: 'attachment', name: 'describe.txt', line: 3 }, STRETCH)).toBeUndefined();
});
