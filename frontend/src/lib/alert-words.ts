/** The words for alerts and incidents, as the API has them, the worst and the earliest first. */
export const ALERT_SEVERITIES = ['critical', 'high', 'medium', 'low'] as const;
export type AlertSeverity = (typeof ALERT_SEVERITIES)[number];

export const ALERT_STATUSES = ['new', 'acknowledged', 'in_progress', 'resolved'] as const;
export type AlertStatus = (typeof ALERT_STATUSES)[number];

/** What people still have to do with. */
export const OPEN_STATUSES: AlertStatus[] = ['new', 'acknowledged', 'in_progress'];

export const ALERT_KINDS = ['realtime', 'anomaly', 'predictive'] as const;
export type AlertKind = (typeof ALERT_KINDS)[number];

export const INCIDENT_STATUSES = ['open', 'acknowledged', 'resolved'] as const;
export type IncidentStatus = (typeof INCIDENT_STATUSES)[number];

export const isAlertSeverity = (text: string): text is AlertSeverity => (ALERT_SEVERITIES as readonly string[]).includes(text);

/** A word of the API as people write it. */
export const words = (name: string) => name.replaceAll('_', ' ');

export function worstOf(severities: Iterable<AlertSeverity>): AlertSeverity {
  const all = new Set(severities);
  return ALERT_SEVERITIES.find((severity) => all.has(severity)) ?? 'low';
}
