import type { AlertEvent } from '@/api-client/types';

const PLAIN: Record<string, string> = {
  fired: 'It fired',
  repeated: 'It fired again',
  cleared: 'It cleared',
  returned: 'It came back',
  flapping: 'It comes and goes; its ends are not believed for now',
  steadied: 'It no longer comes and goes',
  acknowledged: 'Acknowledged',
  started: 'Work on it began',
  resolved: 'Resolved',
  left: 'Left its incident',
};

/** What happened, as a sentence without its end; `show` writes a moment. */
export function eventText(event: AlertEvent, show: (time: string) => string): string {
  const { kind, assignee, until, severity, severity_before, text, because } = event;
  if (kind === 'assigned') return assignee ? `Assigned to ${assignee}` : 'Assigned to nobody';
  if (kind === 'snoozed') return until ? `Snoozed until ${show(until)}` : 'No longer snoozed';
  if (kind === 'escalated') return `From ${severity_before ?? '?'} to ${severity ?? '?'}`;
  if (kind === 'commented') return text ?? '';
  if (kind === 'joined') return because ? `Joined its incident: ${because}` : 'Joined its incident';
  return PLAIN[kind] ?? kind;
}
