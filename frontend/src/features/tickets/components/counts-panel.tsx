import type { ReactNode } from 'react';

import { useTicketStatus } from '@/api-client/get-ticket-status';
import type { TicketState } from '@/api-client/types';
import { Panel } from '@/components/panel';
import { SkeletonLines } from '@/components/ui/skeleton';
import { ViewLink } from '@/components/view-link';
import { formatCount } from '@/lib/format';
import { PAGES } from '@/lib/pages';
import { DECISION_ACTIONS } from '@/lib/ticket-words';
import type { View } from '@/lib/view';

import { STATE_WORDS } from '../task-text';

/** How many tickets, decisions and things to be told there are. */
export function CountsPanel() {
  const { data, isPending } = useTicketStatus(true);
  if (!data && !isPending) return null;
  return (
    <Panel title="Counts">
      {data ? <Counts counts={data.counts} /> : <SkeletonLines count={6} label="Loading the counts" />}
    </Panel>
  );
}

function Counts({ counts }: { counts: TicketState['counts'] }) {
  const { tasks } = counts;
  const told = tasks.pending + tasks.done + tasks.skipped + tasks.dead;
  return (
    <div className="space-y-3 p-4 text-sm">
      <Group title="Tickets">
        <Count name="open" count={counts.open} view={{}} />
        <Count name="resolved" count={counts.resolved} view={{ status: 'resolved' }} />
      </Group>
      <Group title="Decisions">
        {DECISION_ACTIONS.map((action) => (
          <Count key={action} name={action} count={counts.decisions[action]} view={{ view: 'decisions', action: [action] }} />
        ))}
      </Group>
      {told > 0 && (
        <Group title="What trackers are told">
          {(['pending', 'done', 'skipped', 'dead'] as const).map((state) => (
            <Count key={state} name={STATE_WORDS[state]} count={tasks[state]} isBad={state === 'dead' && tasks.dead > 0} />
          ))}
        </Group>
      )}
    </div>
  );
}

function Group({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section>
      <h3 className="mb-1 text-xs font-semibold text-soft">{title}</h3>
      <ul className="flex flex-wrap gap-x-5 gap-y-1">{children}</ul>
    </section>
  );
}

function Count({ name, count, view, isBad = false }: { name: string; count: number; view?: View; isBad?: boolean }) {
  const shown = (
    <>
      <strong className="font-semibold tabular-nums">{formatCount(count)}</strong> {name}
    </>
  );
  return (
    <li className={isBad ? 'text-danger' : ''}>
      {view ? (
        <ViewLink to={PAGES.tickets} view={view} className="hover:underline">
          {shown}
        </ViewLink>
      ) : (
        shown
      )}
    </li>
  );
}
