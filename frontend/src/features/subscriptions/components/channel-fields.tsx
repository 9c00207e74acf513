import type { ChannelName } from '@/api-client/types';
import { Check } from '@/components/ui/check';
import { FormField, FormText } from '@/components/ui/form-field';
import { Segmented } from '@/components/ui/segmented';
import { Select } from '@/components/ui/select';
import { ViewLink } from '@/components/view-link';
import { PAGES } from '@/lib/pages';

import type { FieldsProps, SecretName } from '../subscription-draft';

const CHANNELS: { value: ChannelName; label: string }[] = [
  { value: 'webhook', label: 'Webhook' },
  { value: 'slack', label: 'Slack' },
  { value: 'email', label: 'E-mail' },
  { value: 'pagerduty', label: 'PagerDuty' },
];
const WAYS = [
  { value: 'bot', label: 'A bot' },
  { value: 'hook', label: 'Incoming webhook' },
] as const;

/** Where it goes. */
export function ChannelFields(props: FieldsProps) {
  const { draft, wrong, onChange } = props;
  return (
    <>
      <div className="text-xs text-soft">
        <span className="mb-1 block">Channel</span>
        <Select label="Channel" value={draft.type} choices={CHANNELS} onChange={(type) => onChange({ type })} className="w-full! sm:w-60!" />
        <p className="mt-1 text-faint">
          A program can also listen to a{' '}
          <ViewLink to={PAGES.subscriptions} view={{ view: 'live' }} className="text-accent underline">
            live stream
          </ViewLink>
          , which needs no subscription.
        </p>
        {wrong['channel.type'] && <p className="mt-1 text-danger">{wrong['channel.type']}</p>}
      </div>
      {draft.type === 'webhook' && <Webhook {...props} />}
      {draft.type === 'slack' && <Slack {...props} />}
      {draft.type === 'email' && <Email {...props} />}
      {draft.type === 'pagerduty' && <PagerDuty {...props} />}
    </>
  );
}

/** A secret: it can be given, and is never shown. */
function SecretField({ draft, wrong, onChange, name, label, hint }: FieldsProps & { name: SecretName; label: string; hint?: string }) {
  const isSet = draft.secretsSet.includes(name);
  return (
    <FormField
      label={label}
      type="password"
      autoComplete="new-password"
      placeholder={isSet ? 'set; kept if this is left empty' : ''}
      hint={hint}
      isCode
      value={draft.secrets[name]}
      wrong={wrong[`channel.${name}`]}
      onChange={({ target }) => onChange({ secrets: { ...draft.secrets, [name]: target.value }, isUnsigned: false })}
    />
  );
}

function Webhook(props: FieldsProps) {
  const { draft, wrong, onChange } = props;
  return (
    <>
      <FormField label="Address" type="url" placeholder="https://hooks.example.org/tocsin" hint="It gets a POST with the body of Alertmanager's webhook, version 4." isCode value={draft.url} wrong={wrong['channel.url']} onChange={({ target }) => onChange({ url: target.value })} />
      <SecretField {...props} name="secret" label="Secret for the signature" hint="With it, requests are signed by HMAC-SHA256 (X-Tocsin-Signature)." />
      {draft.secretsSet.includes('secret') && <Check label="Take the secret away" isOn={draft.isUnsigned} onChange={(isUnsigned) => onChange({ isUnsigned, secrets: { ...draft.secrets, secret: '' } })} />}
    </>
  );
}

function Slack(props: FieldsProps) {
  const { draft, wrong, onChange } = props;
  return (
    <>
      <Segmented label="How Slack is reached" value={draft.slack} choices={WAYS} onChange={(slack) => onChange({ slack })} />
      {draft.slack === 'hook' ? (
        <SecretField {...props} wrong={{ ...wrong, 'channel.webhook_url': wrong['channel.webhook_url'] ?? wrong['channel.token'] ?? '' }} name="webhook_url" label="Address of the incoming webhook" hint="Each piece of news is a message of its own." />
      ) : (
        <>
          <div className="grid gap-3 sm:grid-cols-2">
            <SecretField {...props} name="token" label="Token of the bot (xoxb-…)" hint="It needs chat:write." />
            <FormField label="Channel of Slack" placeholder="#db" value={draft.channel} wrong={wrong['channel.channel']} onChange={({ target }) => onChange({ channel: target.value })} />
          </div>
          <p className="text-xs text-faint">A message is updated in place, and the end of its alert is said in its thread.</p>
        </>
      )}
      <Elsewhere {...props} field="api_url" label="Address of Slack's API" usual="https://slack.com/api" />
    </>
  );
}

function Email({ draft, wrong, onChange }: FieldsProps) {
  return (
    <>
      <FormText label="Addresses, one a line" placeholder={'db@example.org\nops@example.org'} hint="Up to 50. All news of an alert are one conversation." isCode value={draft.to} wrong={wrong['channel.to']} onChange={({ target }) => onChange({ to: target.value })} />
      <FormField label="From" placeholder="as the server's configuration says" value={draft.from} wrong={wrong['channel.from']} onChange={({ target }) => onChange({ from: target.value })} />
    </>
  );
}

function PagerDuty(props: FieldsProps) {
  return (
    <>
      <SecretField {...props} name="routing_key" label="Integration key" hint="Of an integration of Events API v2. One entry an alert; its end resolves it." />
      <Elsewhere {...props} field="url" label="Address of the Events API" usual="https://events.pagerduty.com/v2/enqueue" />
    </>
  );
}

/** Where a service is, if not where it usually is. */
function Elsewhere({ draft, wrong, onChange, field, label, usual }: FieldsProps & { field: 'url' | 'api_url'; label: string; usual: string }) {
  return (
    <FormField
      label={label}
      type="url"
      placeholder={usual}
      hint="Only if it is elsewhere. A key or token that was given before is not sent to a new address."
      isCode
      value={draft[field]}
      wrong={wrong[`channel.${field}`]}
      onChange={({ target }) => onChange({ [field]: target.value })}
    />
  );
}
