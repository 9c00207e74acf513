import type { TicketSettings } from '@/api-client/types';
import { ALERT_SEVERITIES, type AlertSeverity } from '@/lib/alert-words';
import { isNever } from '@/lib/ticket-words';

/** The settings as they stand in the fields of the form. */
export interface SettingsDraft {
  thresholds: Record<AlertSeverity, { text: string; isNever: boolean }>;
  resolves: boolean;
  reopenHours: string;
}

/** Above 1: no alert is as sure. */
const NEVER = 2;
const STANDARD: Record<AlertSeverity, number> = { critical: 0, high: 0.6, medium: 0.75, low: 0.9 };
export const REOPEN_HOURS_MAX = 8760;

export function draftOf({ thresholds, resolves, reopen_hours }: TicketSettings): SettingsDraft {
  const field = (severity: AlertSeverity) => {
    const value = thresholds[severity];
    return isNever(value) ? { text: String(STANDARD[severity]), isNever: true } : { text: String(value), isNever: false };
  };
  return {
    thresholds: { critical: field('critical'), high: field('high'), medium: field('medium'), low: field('low') },
    resolves,
    reopenHours: String(reopen_hours),
  };
}

/** The name of a field, as the server names it in what it says about one. */
export type SettingsField = `thresholds.${AlertSeverity}` | 'reopen_hours';

/** What is wrong with a draft, by field. */
export function problemsOf({ thresholds, reopenHours }: SettingsDraft): Partial<Record<SettingsField, string>> {
  const found: Partial<Record<SettingsField, string>> = {};
  for (const severity of ALERT_SEVERITIES) {
    const { text, isNever: never } = thresholds[severity];
    if (!never && !isWithin(text, 1)) found[`thresholds.${severity}`] = 'A number from 0 to 1.';
  }
  if (!isWithin(reopenHours, REOPEN_HOURS_MAX)) found.reopen_hours = `A number of hours from 0 to ${REOPEN_HOURS_MAX}.`;
  return found;
}

const isWithin = (text: string, most: number) => text.trim() !== '' && Number(text) >= 0 && Number(text) <= most;

/** What a draft without problems says. */
export function settingsOf({ thresholds, resolves, reopenHours }: SettingsDraft): Pick<TicketSettings, 'thresholds' | 'resolves' | 'reopen_hours'> {
  const value = (severity: AlertSeverity) => (thresholds[severity].isNever ? NEVER : Number(thresholds[severity].text));
  return { thresholds: { critical: value('critical'), high: value('high'), medium: value('medium'), low: value('low') }, resolves, reopen_hours: Number(reopenHours) };
}

/** Whether a draft says something else than the settings. */
export const isChanged = (draft: SettingsDraft, settings: TicketSettings) => JSON.stringify(draft) !== JSON.stringify(draftOf(settings));

/** What alerts of a severity need to get a ticket, in words. */
export function thresholdText({ text, isNever: never }: { text: string; isNever: boolean }): string {
  if (never) return 'no ticket';
  return Number(text) === 0 ? 'every alert gets a ticket' : 'alerts at least as sure get a ticket';
}
