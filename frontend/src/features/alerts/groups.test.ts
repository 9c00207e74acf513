import { expect, it } from 'vitest';

import type { Alert } from '@/api-client/types';

import { groupAlerts } from './groups';

const alert = (id: string, labels: Record<string, string>, severity: string, more = {}) => ({ id, labels, severity, rule: 'failure', ...more }) as unknown as Alert;

const ALERTS = [
  alert('5', {}, 'low'),
  alert('4', { host: 'web-1' }, 'medium', { incident: 'i1' }),
  alert('3', { instance: 'db-1' }, 'high', { failure_type: 'disk_full' }),
  alert('2', { host: 'web-1' }, 'critical', { incident: 'i1' }),
];
const shape = (by: Parameters<typeof groupAlerts>[1]) => groupAlerts(ALERTS, by).map(({ key, severity, alerts }) => [key, severity, alerts.map(({ id }) => id).join()]);

it('puts alerts of a host together, and those of no host last', () => {
  expect(shape('host')).toEqual([['web-1', 'critical', '4,2'], ['db-1', 'high', '3'], ['', 'low', '5']]);
});

it('groups by rule, failure type and incident', () => {
  expect(shape('rule')).toEqual([['failure', 'critical', '5,4,3,2']]);
  expect(shape('failure_type').map(([key]) => key)).toEqual(['disk_full', '']);
  expect(shape('incident')).toEqual([['i1', 'critical', '4,2'], ['', 'high', '5,3']]);
});
