import { expect, it } from 'vitest';

import { evidenceTarget } from './evidence';

const ALERT = { starts_at: '2026-01-31T10:00:00Z', last_at: '2026-01-31T11:00:00Z' };

it('opens a line in the search, with its record and the lines around it', () => {
  expect(evidenceTarget({ type: 'record', id: 'r1', body: 'x' }, ALERT)).toEqual({
    page: 'search',
    view: { record: 'r1', from: '2026-01-31T09:50:00.000Z', to: '2026-01-31T11:10:00.000Z' },
  });
});

it('opens a metric with its query, over an hour at least', () => {
  const { page, view } = evidenceTarget({ type: 'metric', query: 'up == 0', from: '2026-01-31T10:00:00Z', to: '2026-01-31T10:10:00Z' }, ALERT);
  expect([page, view]).toEqual(['metrics', { view: 'query', q: 'up == 0', from: '2026-01-31T09:35:00.000Z', to: '2026-01-31T10:35:00.000Z' }]);
});

it('opens the series of an anomaly or a prediction', () => {
  expect(evidenceTarget({ type: 'anomaly', id: 'a', series: 's1', explanation: '' }, ALERT).view.series).toEqual(['s1']);
  expect(evidenceTarget({ type: 'prediction', id: 'p', series: 's2', explanation: '' }, ALERT).view).toEqual({ series: ['s2'], horizon: '1d' });
});
