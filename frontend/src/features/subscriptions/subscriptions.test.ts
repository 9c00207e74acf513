import { describe, expect, it } from 'vitest';

import type { Delivery, Subscription } from '@/api-client/types';

import { countBySubscription, summarise } from './delivery-summary';
import { parseSpan, spanText } from './spans';
import { draftOf, newDraft, readDraft, restOf, wrongOf } from './subscription-draft';
import { channelText, filterText, offsetText, subscriptionText, timingText } from './subscription-text';

const ALL: Subscription = {
  id: '0199aaaa-0000-7000-8000-000000000001',
  name: 'db, a day ahead',
  enabled: true,
  version: 3,
  filter: { kinds: ['predictive'], severities: ['critical', 'high'], min_lead_hours: 24, min_probability: 0.8, matchers: [{ name: 'team', value: 'db', is_equal: true, is_regex: false }] },
  channel: { type: 'slack', url: null, channel: '#db', api_url: null, to: [], from: null, secrets_set: ['token'] },
  quiet_hours: { from: '22:00', to: '07:00', utc_offset_minutes: -210 },
  digest_secs: null,
  rate_limit: { messages: 10, window_secs: 600 },
  template: { title: '[{{ status }}]', text: null },
};

describe('a subscription in words', () => {
  it('says which alerts go where', () => {
    expect(filterText({ ...ALL.filter, kinds: ['predictive'], matchers: ALL.filter?.matchers ?? [], severities: [], min_lead_hours: 24, min_probability: 0.8 })).toBe('predictive, lead ≥ 24 h, probability ≥ 0.8, team=db');
    expect(filterText({ kinds: ['anomaly', 'predictive'], severities: ['critical', 'high', 'medium'], matchers: [{ name: 'host', value: 'web 1"', is_equal: false }], min_lead_hours: null, min_probability: 0 })).toBe(
      'anomaly or predictive, critical, high or medium, probability ≥ 0, host!="web 1\\""',
    );
    expect(filterText(undefined)).toBe('every alert');
    expect(channelText(ALL.channel)).toBe('Slack #db');
    expect(channelText({ ...ALL.channel, channel: null })).toBe('Slack by an incoming webhook');
    expect(channelText({ ...ALL.channel, type: 'webhook', url: 'https://hooks.example.org:8443/x?y' })).toBe('webhook hooks.example.org:8443');
  });

  it('says when it waits', () => {
    expect(timingText(ALL)).toEqual(['low and medium wait from 22:00 to 07:00 UTC−3:30', 'at most 10 in 10 min']);
    expect(timingText({ ...ALL, quiet_hours: null, rate_limit: null, digest_secs: 3600 })).toEqual(['one message every 1 h']);
    expect(offsetText(60)).toBe('UTC+1');
    expect(subscriptionText(ALL)).toContain('team=db');
  });
});

describe('a subscription in a form', () => {
  it('comes back as it was, and its secrets are left alone', () => {
    const { wish } = readDraft(draftOf(ALL, 0));
    expect(wish).toMatchObject({ name: ALL.name, version: 3, filter: ALL.filter, quiet_hours: ALL.quiet_hours, digest_secs: null, rate_limit: ALL.rate_limit, template: ALL.template });
    expect(JSON.parse(JSON.stringify(wish?.channel))).toEqual({ type: 'slack', channel: '#db', api_url: null, webhook_url: '' });
  });

  it('takes a secret away only if that is asked for', () => {
    const webhook: Subscription = { ...ALL, channel: { ...ALL.channel, type: 'webhook', url: 'https://x.org', channel: null, secrets_set: ['secret'] } };
    const draft = draftOf(webhook, 0);
    expect(readDraft(draft).wish?.channel.secret).toBeUndefined();
    expect(readDraft({ ...draft, isUnsigned: true }).wish?.channel.secret).toBe('');
    expect(readDraft({ ...draft, secrets: { ...draft.secrets, secret: ' s3cr3t ' } }).wish?.channel.secret).toBe('s3cr3t');
  });

  it('goes from a bot to an incoming webhook without keeping the token', () => {
    const draft = draftOf(ALL, 0);
    const { wish } = readDraft({ ...draft, slack: 'hook', secrets: { ...draft.secrets, webhook_url: 'https://hooks.slack.com/x' } });
    expect(wish?.channel).toMatchObject({ webhook_url: 'https://hooks.slack.com/x', token: '' });
  });

  it('takes addresses of mail however they are separated', () => {
    const { wish } = readDraft({ ...newDraft(0), name: 'x', type: 'email', to: 'a@x.org, b@x.org\n\nc@x.org; ' });
    expect(wish?.channel).toEqual({ type: 'email', to: ['a@x.org', 'b@x.org', 'c@x.org'], from: null });
    const kept: Subscription = { ...ALL, channel: { ...ALL.channel, type: 'email', to: ['a@x.org', 'b@x.org'], from: 'T <t@x.org>' } };
    expect(readDraft(draftOf(kept, 0)).wish?.channel).toEqual({ type: 'email', to: ['a@x.org', 'b@x.org'], from: 'T <t@x.org>' });
    expect(channelText(kept.channel)).toBe('e-mail to a@x.org and 1 more');
  });

  it('says by field what cannot be read', () => {
    const draft = { ...newDraft(60), matchers: 'team=', min_probability: 'high', digest: 'soon', isLimited: true, limitMessages: '1.5', limitWindow: '10' };
    expect(Object.keys(readDraft({ ...draft, matchers: '= x' }).wrong ?? {})).toEqual(['name', 'filter.matchers', 'filter.min_probability', 'digest_secs', 'rate_limit.messages', 'rate_limit.window_secs']);
  });

  it('has neither digest nor limit where a pager keeps one entry an alert', () => {
    const { wish } = readDraft({ ...newDraft(0), name: 'x', type: 'pagerduty', digest: 'soon', isLimited: true });
    expect(wish).toMatchObject({ digest_secs: null, rate_limit: null });
  });

  it('shows what the server said at its field, and the rest at the end', () => {
    const wrong = wrongOf({ detail: 'no', errors: [{ field: 'subscription.template.title', detail: 'syntax error' }, { field: 'filter.matchers[0].value', detail: 'no regex' }, { field: 'channel.type', detail: 'unknown', expected: 'webhook' }] });
    expect(wrong).toEqual({ 'template.title': 'syntax error', 'filter.matchers': 'no regex', 'channel.type': 'unknown: expected webhook' });
    expect(restOf(wrong)).toBe('channel.type: unknown: expected webhook');
    expect(restOf(wrongOf({ detail: 'the version is old' }))).toBe('the version is old');
    expect(restOf(wrongOf(undefined))).toBe('');
  });
});

it('reads and writes spans of time', () => {
  expect(['90s', '15m', ' 2h ', '1d', '15', 'm', '1.5h'].map(parseSpan)).toEqual([90, 900, 7200, 86_400, undefined, undefined, undefined]);
  expect([90, 900, 7200, 86_400, 60].map(spanText)).toEqual(['90s', '15m', '2h', '1d', '1m']);
});

it('sums up what became of the news of each subscription', () => {
  const one = (id: number, subscription: string, state: Delivery['state'], attempts = 0) => ({ id, subscription, state, attempts }) as Delivery;
  const newest = [one(5, 'a', 'pending', 2), one(4, 'b', 'skipped'), one(3, 'a', 'dead'), one(2, 'a', 'sent'), one(1, 'b', 'pending')];
  const found = summarise(newest);
  expect(found.get('a')).toEqual({ last: newest[2], failing: 1 });
  expect(found.get('b')).toEqual({ last: undefined, failing: 0 });
  expect(countBySubscription(newest).get('a')).toBe(3);
});
