import { Page } from '@/components/page';
import { Tabs } from '@/components/ui/tabs';
import { useShortcuts } from '@/lib/shortcuts';
import { useView } from '@/lib/use-view';

import { DecisionsTab } from './decisions-tab';
import { SettingsTab } from './settings-tab';
import { TicketDrawer } from './ticket-drawer';
import { TicketsTab } from './tickets-tab';
import { Trouble } from './trouble';

const TABS = ['tickets', 'decisions', 'settings'] as const;

/** Which alerts have a ticket, what was decided about all of them and why, and by which rules. */
export default function TicketsPage() {
  const [view, setView] = useView();
  const shown = TABS.find((tab) => tab === view.view) ?? 'tickets';
  const shut = () => setView({ ticket: undefined });
  useShortcuts({ Escape: () => (view.ticket ? shut() : false) });
  return (
    <div className="flex h-full">
      <div className="min-w-0 flex-1">
        <Page title="Tickets and decisions">
          <Trouble />
          <Tabs
            label="Tickets and decisions"
            className="-mx-4 md:mx-0 [&>[role=tabpanel]]:px-4 [&>[role=tabpanel]]:pt-4 md:[&>[role=tabpanel]]:px-0"
            value={shown}
            onChange={(next) => setView({ view: next === 'tickets' ? undefined : next, q: undefined, status: undefined, tracker: undefined, action: undefined })}
            tabs={[
              { value: 'tickets', label: 'Tickets', content: <TicketsTab /> },
              { value: 'decisions', label: 'Decisions', content: <DecisionsTab /> },
              { value: 'settings', label: 'Settings and tracker', content: <SettingsTab /> },
            ]}
          />
        </Page>
      </div>
      {view.ticket && <TicketDrawer key={view.ticket} id={view.ticket} onClose={shut} />}
    </div>
  );
}
