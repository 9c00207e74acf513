import { useEffect, useRef, useState } from 'react';

import { useAlert } from '@/api-client/get-alert';
import { ApiError } from '@/api-client/http';
import { useAlertStream } from '@/api-client/live-alerts';
import type { AlertDetail } from '@/api-client/types';
import { AlertSeverityTag } from '@/components/alert/alert-severity';
import { LabelList } from '@/components/alert/label-list';
import { SilenceForm } from '@/components/alert/silence-form';
import { StatusTag } from '@/components/alert/status-tag';
import { Timeline } from '@/components/alert/timeline';
import { WhyAnswer } from '@/components/alert/why-answer';
import { Part } from '@/components/part';
import { RootCauseView } from '@/components/root-cause/root-cause-view';
import { SummaryOnDemand } from '@/components/summary/summary-on-demand';
import { Button, IconButton } from '@/components/ui/button';
import { Dialog } from '@/components/ui/dialog';
import { Empty } from '@/components/ui/empty';
import { Failure } from '@/components/ui/failure';
import { SkeletonLines } from '@/components/ui/skeleton';
import { ViewLink } from '@/components/view-link';
import { words } from '@/lib/alert-words';
import { openAsk } from '@/lib/ask';
import { matchersOf, matchersText } from '@/lib/matchers';
import { PAGES } from '@/lib/pages';
import { useMedia } from '@/lib/use-media';

import type { Act } from '../triage';

import { ActionPart } from './action-part';
import { AlertFacts } from './alert-facts';
import { EvidenceList } from './evidence-list';
import { HeldBy } from './held-by';
import { TicketPart } from './ticket-part';

interface Props {
  id: string;
  isBusy: boolean;
  onAct: (act: Act) => void;
  onClose: () => void;
}

/** One alert in full, beside the list; over it where there is no room. */
export function AlertDrawer({ id, isBusy, onAct, onClose }: Props) {
  const { data, error, refetch } = useAlert(id);
  const { changed } = useAlertStream();
  const covering = useMedia('(max-width: 1023px)');
  const drawer = useRef<HTMLElement>(null);
  useEffect(() => {
    if (covering) drawer.current?.focus();
  }, [covering]);
  const seq = changed.get(id)?.seq;
  useEffect(() => {
    // What happened to it is read again when the stream knows of more.
    if (seq !== undefined && data && seq > data.seq) void refetch();
  }, [seq, data, refetch]);
  return (
    <aside
      ref={drawer}
      tabIndex={-1}
      aria-label="Alert"
      className="fixed inset-0 z-30 flex flex-col border-l border-line bg-surface focus-visible:outline-none lg:static lg:z-auto lg:w-[min(42vw,38rem)] lg:shrink-0 lg:max-2xl:in-data-asking:w-[26rem]"
    >
      <header className="flex min-h-10 shrink-0 items-center gap-3 border-b border-line px-4 py-1">
        <h2 className="sr-only">Alert</h2>
        {data && (
          <>
            <AlertSeverityTag severity={data.severity} />
            <StatusTag status={data.status} />
            <span className="text-xs text-faint">{data.kind}</span>
          </>
        )}
        <IconButton label="Ask about this alert" icon="ask" className="ml-auto" onClick={() => openAsk()} />
        <IconButton label="Close the alert" icon="close" className="-mr-2 -ml-2" onClick={onClose} />
      </header>
      <div className="flex-1 overflow-y-auto">
        {error instanceof ApiError && error.status === 404 ? (
          <Empty icon="bell" title="This alert is not kept any more" />
        ) : (
          error && !data && <Failure error={error} retry={() => void refetch()} />
        )}
        {!data && !error && <SkeletonLines count={10} label="Loading the alert" />}
        {data && <Body key={id} alert={data} isBusy={isBusy} onAct={onAct} />}
      </div>
    </aside>
  );
}

const ACTS: [Act, string][] = [
  ['acknowledge', 'Acknowledge'],
  ['start', 'Start'],
  ['assign', 'Assign'],
  ['snooze', 'Snooze'],
  ['escalate', 'Severity'],
  ['comment', 'Comment'],
  ['resolve', 'Resolve'],
];

function Body({ alert, isBusy, onAct }: { alert: AlertDetail; isBusy: boolean; onAct: Props['onAct'] }) {
  const [silencing, setSilencing] = useState(false);
  return (
    <div className="space-y-5 px-4 py-4">
      <div>
        <h3 className="text-base font-semibold break-words">{alert.title}</h3>
        <LabelList labels={alert.labels} className="mt-1" />
      </div>
      <div role="group" aria-label="Actions" className="flex flex-wrap gap-1.5">
        {ACTS.map(([act, label]) => (
          <Button key={act} disabled={isBusy || isPointless(act, alert)} onClick={() => onAct(act)}>
            {label}
          </Button>
        ))}
      </div>
      <HeldBy alert={alert} />
      <AlertFacts alert={alert} />
      <SummaryOnDemand choices={[{ label: 'Summarise', summed: { path: `alerts/${encodeURIComponent(alert.id)}/summary` }, file: 'tocsin-alert-summary' }]} />
      <Part title="Evidence">
        <EvidenceList alert={alert} />
      </Part>
      <Part title="Cause">
        <RootCauseView subject={{ type: 'alert', id: alert.id }} />
      </Part>
      <Why alert={alert} />
      {alert.incident && (
        <Part title="Incident">
          <p className="text-sm">{alert.joined_because ?? 'It is the first of its incident.'}</p>
          <ViewLink to={PAGES.incidents} view={{ incident: alert.incident }} className="text-sm text-accent hover:underline">
            Open the incident
          </ViewLink>
        </Part>
      )}
      <ActionPart alert={alert} />
      <TicketPart alert={alert} />
      <Part title="Timeline">
        <Timeline events={alert.events} />
      </Part>
      <Button icon="bell" onClick={() => setSilencing(true)}>
        Silence alerts like this
      </Button>
      <Dialog title="Silence alerts like this" description="Notifications, escalation and automation are held back; the alerts stay in sight." open={silencing} onOpenChange={setSilencing}>
        <SilenceForm matchers={matchersText(matchersOf(alert.labels))} onDone={() => setSilencing(false)} />
      </Dialog>
    </div>
  );
}

function isPointless(act: Act, { status }: AlertDetail): boolean {
  if (act === 'acknowledge') return status !== 'new';
  if (act === 'start') return status === 'in_progress' || status === 'resolved';
  return act === 'resolve' && status === 'resolved';
}

function Why({ alert }: { alert: AlertDetail }) {
  const [asked, setAsked] = useState(false);
  return (
    <Part title={`Rule ${words(alert.rule)}`}>
      {asked ? <WhyAnswer rule={alert.rule} at={alert.starts_at} labels={alert.labels} /> : <Button onClick={() => setAsked(true)}>Why did it fire?</Button>}
      <ViewLink to={PAGES.rules} view={{ rule: alert.rule }} className="mt-1.5 block text-sm text-accent hover:underline">
        Open the rule
      </ViewLink>
    </Part>
  );
}
