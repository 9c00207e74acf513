import type { Incident } from '@/api-client/types';
import { parseTime } from '@/lib/time-range';

interface Response {
  /** Mean times in seconds; undefined where nobody has acknowledged, or resolved, any. */
  mtta?: number;
  mttr?: number;
}

type Times = Pick<Incident, 'starts_at' | 'acknowledged_at' | 'resolved_at'>;

/** How quickly people were with these incidents, from the begin of each. */
export function responseOf(incidents: readonly Times[]): Response {
  const mean = (key: 'acknowledged_at' | 'resolved_at') => {
    const spans = incidents.flatMap((incident) => {
      const end = incident[key];
      return end ? [(parseTime(end) - parseTime(incident.starts_at)) / 1000] : [];
    });
    return spans.length === 0 ? undefined : spans.reduce((sum, span) => sum + span, 0) / spans.length;
  };
  return { mtta: mean('acknowledged_at'), mttr: mean('resolved_at') };
}
