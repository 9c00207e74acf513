import type { Alert } from '@/api-client/types';
import { worstOf, type AlertSeverity } from '@/lib/alert-words';

export const GROUPINGS = ['host', 'rule', 'failure_type', 'incident'] as const;
export type Grouping = (typeof GROUPINGS)[number];

export interface AlertGroup {
  /** What its alerts have in common; empty if they lack it. */
  key: string;
  severity: AlertSeverity;
  alerts: Alert[];
}

function keyOf(alert: Alert, by: Grouping): string {
  if (by === 'host') return alert.labels.host ?? alert.labels.instance ?? '';
  return alert[by] ?? '';
}

/** Puts alerts together, the groups in the order of their first alert; those that lack it come last. */
export function groupAlerts(alerts: readonly Alert[], by: Grouping): AlertGroup[] {
  const groups = new Map<string, Alert[]>();
  for (const alert of alerts) {
    const key = keyOf(alert, by);
    const group = groups.get(key);
    if (group) group.push(alert);
    else groups.set(key, [alert]);
  }
  return [...groups]
    .map(([key, own]) => ({ key, severity: worstOf(own.map(({ severity }) => severity)), alerts: own }))
    .sort((a, b) => Number(a.key === '') - Number(b.key === ''));
}
