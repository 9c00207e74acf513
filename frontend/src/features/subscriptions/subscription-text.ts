import type { Subscription } from '@/api-client/types';
import { formatSpan } from '@/lib/format';
import { matcherText, type Matcher } from '@/lib/matchers';

/** A matcher without quotes where its value needs none. */
const shortMatcher = (matcher: Matcher) => (/^[\w.:-]+$/.test(matcher.value) ? matcherText(matcher).replaceAll('"', '') : matcherText(matcher));

const either = (words: readonly string[]) => [words.slice(0, -1).join(', '), words.at(-1)].filter(Boolean).join(' or ');

/** Which alerts are meant: `predictive, lead ≥ 24 h, probability ≥ 0.8, team=db`. */
export function filterText(filter: Subscription['filter']): string {
  const parts = [
    filter?.kinds.length ? either(filter.kinds) : undefined,
    filter?.severities.length ? either(filter.severities) : undefined,
    typeof filter?.min_lead_hours === 'number' ? `lead ≥ ${filter.min_lead_hours} h` : undefined,
    typeof filter?.min_probability === 'number' ? `probability ≥ ${filter.min_probability}` : undefined,
    ...(filter?.matchers ?? []).map(shortMatcher),
  ];
  return parts.filter(Boolean).join(', ') || 'every alert';
}

function hostOf(url: string | null | undefined): string {
  try {
    return new URL(url ?? '').host;
  } catch {
    return url ?? '';
  }
}

/** Where it goes: `Slack #db`. */
export function channelText(channel: Subscription['channel']): string {
  switch (channel.type) {
    case 'webhook':
      return `webhook ${hostOf(channel.url)}`.trim();
    case 'slack':
      return `Slack ${channel.channel ?? 'by an incoming webhook'}`;
    case 'email':
      return `e-mail to ${[channel.to?.[0], (channel.to?.length ?? 0) > 1 ? `${(channel.to?.length ?? 0) - 1} more` : undefined].filter(Boolean).join(' and ')}`;
    case 'pagerduty':
      return 'PagerDuty';
    default:
      return channel.type;
  }
}

/** `UTC+1`, `UTC−3:30`. */
export function offsetText(minutes: number): string {
  if (minutes === 0) return 'UTC';
  const [hours, rest] = [Math.floor(Math.abs(minutes) / 60), Math.abs(minutes) % 60];
  return `UTC${minutes < 0 ? '−' : '+'}${hours}${rest ? `:${String(rest).padStart(2, '0')}` : ''}`;
}

/** When it is better to wait, and how; empty if each is told at once. */
export function timingText({ quiet_hours, digest_secs, rate_limit }: Subscription): string[] {
  return [
    quiet_hours ? `low and medium wait from ${quiet_hours.from} to ${quiet_hours.to} ${offsetText(quiet_hours.utc_offset_minutes ?? 0)}` : '',
    digest_secs ? `one message every ${formatSpan(digest_secs)}` : '',
    rate_limit ? `at most ${rate_limit.messages} in ${formatSpan(rate_limit.window_secs)}` : '',
  ].filter(Boolean);
}

/** All of it in a line, to be searched. */
export const subscriptionText = (one: Subscription) => [one.name, filterText(one.filter), channelText(one.channel), ...timingText(one)].join(' ');
