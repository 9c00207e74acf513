import type { ChannelName, ChannelWish, Subscription, SubscriptionWish } from '@/api-client/types';
import { matchersText, parseMatchers } from '@/lib/matchers';

import { parseSpan, spanText } from './spans';

export const SECRETS = ['secret', 'webhook_url', 'token', 'routing_key'] as const;
export type SecretName = (typeof SECRETS)[number];

/** A subscription as text in a form. Secrets are empty unless they are given anew. */
export interface Draft {
  name: string;
  enabled: boolean;
  version?: number | null;
  kinds: string[];
  severities: string[];
  matchers: string;
  min_probability: string;
  min_lead_hours: string;
  type: ChannelName;
  url: string;
  channel: string;
  api_url: string;
  /** Addresses of mail, with commas or spaces between. */
  to: string;
  from: string;
  /** How Slack is reached. */
  slack: 'bot' | 'hook';
  secrets: Record<SecretName, string>;
  secretsSet: string[];
  /** Whether a webhook's secret is taken away. */
  isUnsigned: boolean;
  isQuiet: boolean;
  quietFrom: string;
  quietTo: string;
  quietOffset: string;
  digest: string;
  isLimited: boolean;
  limitMessages: string;
  limitWindow: string;
  title: string;
  text: string;
}

export const GATHERS = (type: ChannelName) => type !== 'pagerduty';

const isChannel = (type: string): type is ChannelName => ['webhook', 'slack', 'email', 'pagerduty'].includes(type);
const NO_SECRETS: Record<SecretName, string> = { secret: '', webhook_url: '', token: '', routing_key: '' };

/** An empty form; quiet hours are those of a clock so many minutes before UTC. */
export const newDraft = (utcOffsetMinutes: number): Draft => ({
  name: '',
  enabled: true,
  kinds: [],
  severities: [],
  matchers: '',
  min_probability: '',
  min_lead_hours: '',
  type: 'webhook',
  url: '',
  channel: '',
  api_url: '',
  to: '',
  from: '',
  slack: 'bot',
  secrets: NO_SECRETS,
  secretsSet: [],
  isUnsigned: false,
  isQuiet: false,
  quietFrom: '22:00',
  quietTo: '07:00',
  quietOffset: String(utcOffsetMinutes),
  digest: '',
  isLimited: false,
  limitMessages: '10',
  limitWindow: '10m',
  title: '',
  text: '',
});

export function draftOf(one: Subscription, utcOffsetMinutes: number): Draft {
  const start = newDraft(utcOffsetMinutes);
  const { filter, channel, quiet_hours: quiet, rate_limit: limit, template } = one;
  return {
    ...start,
    name: one.name,
    enabled: one.enabled ?? true,
    version: one.version,
    kinds: filter?.kinds ?? [],
    severities: filter?.severities ?? [],
    matchers: matchersText(filter?.matchers ?? []),
    min_probability: filter?.min_probability?.toString() ?? '',
    min_lead_hours: filter?.min_lead_hours?.toString() ?? '',
    type: isChannel(channel.type) ? channel.type : 'webhook',
    url: channel.url ?? '',
    channel: channel.channel ?? '',
    api_url: channel.api_url ?? '',
    to: (channel.to ?? []).join('\n'),
    from: channel.from ?? '',
    slack: channel.secrets_set.includes('webhook_url') ? 'hook' : 'bot',
    secretsSet: channel.secrets_set,
    isQuiet: Boolean(quiet),
    quietFrom: quiet?.from ?? start.quietFrom,
    quietTo: quiet?.to ?? start.quietTo,
    quietOffset: quiet ? String(quiet.utc_offset_minutes ?? 0) : start.quietOffset,
    digest: one.digest_secs ? spanText(one.digest_secs) : '',
    isLimited: Boolean(limit),
    limitMessages: limit ? String(limit.messages) : start.limitMessages,
    limitWindow: limit ? spanText(limit.window_secs) : start.limitWindow,
    title: template?.title ?? '',
    text: template?.text ?? '',
  };
}

/** What is wrong, by the API's name of the field. */
export type Wrong = Record<string, string>;

const SPAN_HINT = 'Write a time such as 90s, 15m, 2h or 1d.';

/** What a form cannot be read as; what the server has to say comes later. */
function problemsOf(draft: Draft): Wrong {
  const wrong: Wrong = {};
  const number = (field: string, text: string, hint: string) => {
    if (text.trim() !== '' && !Number.isFinite(Number(text))) wrong[field] = hint;
  };
  if (draft.name.trim() === '') wrong.name = 'Give it a name.';
  if (!parseMatchers(draft.matchers)) wrong['filter.matchers'] = 'Write matchers such as team="db", host=~"web-.*".';
  number('filter.min_probability', draft.min_probability, 'Write a number from 0 to 1.');
  number('filter.min_lead_hours', draft.min_lead_hours, 'Write a number of hours.');
  if (draft.isQuiet && !Number.isInteger(Number(draft.quietOffset || 'x'))) wrong['quiet_hours.utc_offset_minutes'] = 'Write whole minutes, such as 60.';
  if (!GATHERS(draft.type)) return wrong;
  if (draft.digest.trim() !== '' && parseSpan(draft.digest) === undefined) wrong.digest_secs = SPAN_HINT;
  if (draft.isLimited && !/^\d+$/.test(draft.limitMessages.trim())) wrong['rate_limit.messages'] = 'Write a whole number.';
  if (draft.isLimited && parseSpan(draft.limitWindow) === undefined) wrong['rate_limit.window_secs'] = SPAN_HINT;
  return wrong;
}

function channelOf(draft: Draft): ChannelWish {
  const text = (value: string) => value.trim() || null;
  // One that is left empty is left out, and so stays as it is; an empty one is taken away.
  const given = (name: SecretName) => draft.secrets[name].trim() || undefined;
  const { type } = draft;
  switch (type) {
    case 'webhook':
      return { type, url: text(draft.url), secret: draft.isUnsigned ? '' : given('secret') };
    case 'slack':
      return draft.slack === 'bot'
        ? { type, channel: text(draft.channel), api_url: text(draft.api_url), token: given('token'), webhook_url: '' }
        : { type, api_url: text(draft.api_url), webhook_url: given('webhook_url'), token: '' };
    case 'email':
      return { type, to: draft.to.split(/[\s,;]+/).filter(Boolean), from: text(draft.from) };
    case 'pagerduty':
      return { type, url: text(draft.url), routing_key: given('routing_key') };
  }
}

/** The subscription that a form describes, or what is wrong with it. */
export function readDraft(draft: Draft): { wish: SubscriptionWish; wrong?: undefined } | { wish?: undefined; wrong: Wrong } {
  const wrong = problemsOf(draft);
  if (Object.keys(wrong).length > 0) return { wrong };
  const number = (text: string) => (text.trim() === '' ? null : Number(text));
  const gathers = GATHERS(draft.type);
  const wish: SubscriptionWish = {
    name: draft.name.trim(),
    enabled: draft.enabled,
    version: draft.version ?? undefined,
    filter: {
      kinds: draft.kinds,
      severities: draft.severities,
      matchers: parseMatchers(draft.matchers) ?? [],
      min_probability: number(draft.min_probability),
      min_lead_hours: number(draft.min_lead_hours),
    },
    channel: channelOf(draft),
    quiet_hours: draft.isQuiet ? { from: draft.quietFrom, to: draft.quietTo, utc_offset_minutes: Number(draft.quietOffset) } : null,
    digest_secs: (gathers ? parseSpan(draft.digest) : undefined) ?? null,
    rate_limit: gathers && draft.isLimited ? { messages: Number(draft.limitMessages), window_secs: parseSpan(draft.limitWindow) ?? 0 } : null,
    template: { title: draft.title.trim() || null, text: draft.text.trim() || null },
  };
  return { wish };
}

interface Said {
  detail: string;
  errors?: { field?: string | null; detail: string; expected?: string | null }[];
}

/** What the server said is wrong, by field; what belongs to none of the form's is under ``. */
export function wrongOf(problem: Said | undefined): Wrong {
  if (!problem) return {};
  const wrong: Wrong = {};
  for (const { field, detail, expected } of problem.errors ?? []) {
    const own = (field ?? '').replace(/^subscription\./, '').replace(/^(filter\.[a-z_]+).*$/, '$1');
    wrong[own] ??= expected && !detail.includes(expected) ? `${detail}: expected ${expected}` : detail;
  }
  if (Object.keys(wrong).length === 0) wrong[''] = problem.detail;
  return wrong;
}

/** The fields that a form shows, so that what is wrong elsewhere is said at its end. */
export const SHOWN = [
  'name', 'filter.matchers', 'filter.min_probability', 'filter.min_lead_hours',
  'channel.url', 'channel.secret', 'channel.webhook_url', 'channel.token', 'channel.channel', 'channel.api_url', 'channel.routing_key', 'channel.to', 'channel.from',
  'quiet_hours.from', 'quiet_hours.to', 'quiet_hours.utc_offset_minutes', 'quiet_hours',
  'digest_secs', 'rate_limit.messages', 'rate_limit.window_secs', 'template.title', 'template.text',
];

export const restOf = (wrong: Wrong) =>
  Object.entries(wrong)
    .filter(([field]) => !SHOWN.includes(field))
    .map(([field, said]) => (field ? `${field}: ${said}` : said))
    .join('; ');

/** What a part of the form gets. */
export interface FieldsProps {
  draft: Draft;
  wrong: Wrong;
  onChange: (patch: Partial<Draft>) => void;
}
