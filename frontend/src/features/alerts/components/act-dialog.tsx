import { useState, type FormEvent, type ReactNode } from 'react';

import { Button } from '@/components/ui/button';
import { Dialog } from '@/components/ui/dialog';
import { Field, inputClass } from '@/components/ui/field';
import { ALERT_SEVERITIES, type AlertSeverity } from '@/lib/alert-words';
import { plural } from '@/lib/format';
import { parseMoment } from '@/lib/time-range';

import type { Wish } from '../api/act-on-alerts';

export type Asked = 'snooze' | 'escalate' | 'comment' | 'assign';

interface Props {
  asked: Asked;
  count: number;
  onAct: (wish: Omit<Wish, 'ids'>) => void;
  onClose: () => void;
}

const TITLES: Record<Asked, string> = { snooze: 'Snooze', escalate: 'Change the severity of', comment: 'Comment on', assign: 'Assign' };
const SPANS = [
  ['1 hour', 'now+1h'],
  ['4 hours', 'now+4h'],
  ['1 day', 'now+1d'],
] as const;

/** Asks for what an action needs to know beside the alerts. */
export function ActDialog({ asked, count, onAct, onClose }: Props) {
  const form: Record<Asked, ReactNode> = {
    snooze: <SnoozeForm onAct={onAct} />,
    escalate: <SeverityChoice onAct={(severity) => onAct({ action: 'escalate', severity })} />,
    comment: <TextForm label="Comment" button="Comment" isLong onText={(text) => onAct({ action: 'comment', text })} />,
    assign: <AssignForm onAct={onAct} />,
  };
  return (
    <Dialog title={`${TITLES[asked]} ${plural(count, 'alert')}`} open onOpenChange={(open) => !open && onClose()} className="max-w-md">
      {form[asked]}
    </Dialog>
  );
}

function SnoozeForm({ onAct }: { onAct: Props['onAct'] }) {
  const [until, setUntil] = useState('');
  const [problem, setProblem] = useState(false);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const moment = parseMoment(until, Date.now());
    setProblem(moment === undefined || moment <= Date.now());
    if (moment !== undefined && moment > Date.now()) onAct({ action: 'snooze', until: new Date(moment).toISOString() });
  };
  return (
    <div className="space-y-4 pt-2">
      <div className="flex flex-wrap gap-2">
        {SPANS.map(([label, moment]) => (
          <Button key={moment} onClick={() => onAct({ action: 'snooze', until: moment })}>
            {label}
          </Button>
        ))}
        <Button look="quiet" onClick={() => onAct({ action: 'snooze', until: null })}>
          No longer
        </Button>
      </div>
      <form onSubmit={submit} className="flex items-end gap-2">
        <Field label="Until" placeholder="now+2h or 2026-01-31 14:00" value={until} aria-invalid={problem} onChange={(event) => setUntil(event.target.value)} className="flex-1" />
        <Button type="submit" look="primary">
          Snooze
        </Button>
      </form>
      {problem && (
        <p role="alert" className="text-xs text-danger">
          Write a time that is still to come, such as now+2h.
        </p>
      )}
    </div>
  );
}

function SeverityChoice({ onAct }: { onAct: (severity: AlertSeverity) => void }) {
  return (
    <div className="flex flex-wrap gap-2 pt-2">
      {ALERT_SEVERITIES.map((severity) => (
        <Button key={severity} onClick={() => onAct(severity)}>
          {severity}
        </Button>
      ))}
    </div>
  );
}

function AssignForm({ onAct }: { onAct: Props['onAct'] }) {
  return (
    <div className="space-y-3">
      <TextForm label="To whom" button="Assign" onText={(assignee) => onAct({ action: 'assign', assignee })} />
      <Button look="quiet" onClick={() => onAct({ action: 'assign', assignee: null })}>
        To nobody
      </Button>
    </div>
  );
}

function TextForm({ label, button, isLong = false, onText }: { label: string; button: string; isLong?: boolean; onText: (text: string) => void }) {
  const [text, setText] = useState('');
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (text.trim()) onText(text.trim());
  };
  return (
    <form onSubmit={submit} className="space-y-3 pt-2">
      {isLong ? (
        <label className="block text-xs text-soft">
          <span className="mb-1 block">{label}</span>
          <textarea rows={4} maxLength={10_000} value={text} onChange={(event) => setText(event.target.value)} className={`${inputClass} h-auto! py-1.5`} />
        </label>
      ) : (
        <Field label={label} maxLength={200} value={text} onChange={(event) => setText(event.target.value)} />
      )}
      <Button type="submit" look="primary" disabled={text.trim() === ''}>
        {button}
      </Button>
    </form>
  );
}
