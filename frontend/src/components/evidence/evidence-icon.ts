import type { Evidence } from '@/api-client/types';

import type { IconName } from '../ui/icon';

export const EVIDENCE_ICONS: Record<Evidence['type'], IconName> = {
  record: 'tail',
  template: 'patterns',
  metric: 'metrics',
  anomaly: 'alert',
  prediction: 'clock',
  alert: 'bell',
  incident: 'incident',
  change: 'change',
  run: 'bolt',
  runbook: 'book',
  attachment: 'attach',
};

/** What kind of thing is opened, in a word or two. */
export const EVIDENCE_NAMES: Record<Evidence['type'], string> = {
  record: 'log line',
  template: 'pattern',
  metric: 'metric',
  anomaly: 'anomaly',
  prediction: 'forecast',
  alert: 'alert',
  incident: 'incident',
  change: 'change',
  run: 'run',
  runbook: 'runbook',
  attachment: 'attachment',
};
