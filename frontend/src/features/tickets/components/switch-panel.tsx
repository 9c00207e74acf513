import type { ReactNode } from 'react';

import type { TicketSettings } from '@/api-client/types';
import { Panel } from '@/components/panel';
import { Switch } from '@/components/ui/switch';
import { toast } from '@/lib/toasts';

import { useSaveTicketSettings } from '../api/save-ticket-settings';

/** What is switched with effect at once. */
export function SwitchPanel({ settings }: { settings: TicketSettings }) {
  const save = useSaveTicketSettings();
  const change = (changed: Partial<TicketSettings>) => save.mutate(changed, { onError: (error) => toast('The settings are as they were', { look: 'danger', detail: error.message }) });
  return (
    <Panel title="On and off">
      <ul className="divide-y divide-line">
        <Line title="Alerts get tickets" about="While it is off, what happens is decided as “skip”, and stays so.">
          <Switch label="Alerts get tickets" isOn={settings.enabled} disabled={save.isPending} onChange={(enabled) => change({ enabled })} />
        </Line>
        <Line title="Deciding is paused" about="What happens meanwhile is decided on once it goes on. Nothing is missed.">
          <Switch label="Deciding is paused" isOn={settings.paused} disabled={save.isPending} onChange={(paused) => change({ paused })} />
        </Line>
      </ul>
    </Panel>
  );
}

function Line({ title, about, children }: { title: string; about: string; children: ReactNode }) {
  return (
    <li className="flex items-center justify-between gap-4 px-4 py-2.5 text-sm">
      <span className="min-w-0">
        <span className="block font-medium">{title}</span>
        <span className="text-xs text-soft">{about}</span>
      </span>
      {children}
    </li>
  );
}
