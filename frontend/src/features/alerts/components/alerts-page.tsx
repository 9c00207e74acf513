import { useEffect, useMemo } from 'react';

import { useIncidents } from '@/api-client/get-incidents';
import { useAlertStream } from '@/api-client/live-alerts';
import { LiveState } from '@/components/alert/live-state';
import { Button, IconButton } from '@/components/ui/button';
import { Empty } from '@/components/ui/empty';
import { Failure } from '@/components/ui/failure';
import { SkeletonLines } from '@/components/ui/skeleton';
import { useRange } from '@/lib/anchor';
import { plural } from '@/lib/format';
import { useShortcuts } from '@/lib/shortcuts';
import { useSound } from '@/lib/stored';
import { clearUnseen } from '@/lib/unseen';
import { useView } from '@/lib/use-view';

import { useAlertPages } from '../api/get-alert-pages';
import { groupAlerts, GROUPINGS } from '../groups';
import { liveList } from '../live-list';
import { ACT_KEYS, goTo, move, selectAll, selectNone, toggle } from '../triage';
import { filterOf, isNarrowed, WIDE } from '../view-filter';

import { ActDialog } from './act-dialog';
import { AlertDrawer } from './alert-drawer';
import { AlertFilters } from './alert-filters';
import { AlertTable } from './alert-table';
import { BulkBar } from './bulk-bar';
import { SeverityCounts } from './severity-counts';
import { useTriage } from './use-triage';

/** What is wrong now, as it comes, and what people do about it. */
export default function AlertsPage() {
  const [view, setView] = useView();
  const { from, to } = useRange();
  const filter = useMemo(() => filterOf(view, { from, to }), [view, from, to]);
  const { data, error, isPending, isPlaceholderData, hasNextPage, isFetchingNextPage, fetchNextPage, refetch } = useAlertPages(filter);
  const { changed } = useAlertStream();
  const by = GROUPINGS.find((one) => one === view.group);
  const groups = useMemo(() => {
    const alerts = liveList(data?.pages.flatMap(({ items }) => items) ?? [], changed, filter, data !== undefined && !hasNextPage);
    return by ? groupAlerts(alerts, by) : [{ key: '', severity: 'low' as const, alerts }];
  }, [data, changed, filter, hasNextPage, by]);
  const alerts = useMemo(() => groups.flatMap((group) => group.alerts), [groups]);
  const incidents = useIncidents(undefined, 200, by === 'incident');
  const nameOf = (key: string) => (by === 'incident' ? (incidents.data?.items.find(({ id }) => id === key)?.title ?? key) : key);

  const { ids, triage, setTriage, act, perform, asked, close, outcome, dismiss, isBusy } = useTriage(alerts);
  const step = (by: number) => {
    const next = move(triage, ids, by);
    setTriage(next);
    if (next.current === undefined) return;
    document.getElementById(`alert-${next.current}`)?.scrollIntoView({ block: 'nearest' });
    if (view.alert) setView({ alert: next.current }, { replace: true });
  };
  const open = (id: string) => {
    setTriage(goTo(triage, ids, id));
    setView({ alert: id });
  };
  const shut = () => setView({ alert: undefined });
  useShortcuts({
    j: () => step(1),
    k: () => step(-1),
    x: () => setTriage(toggle(triage, triage.current)),
    Enter: () => triage.current && open(triage.current),
    Escape: () => (view.alert ? shut() : triage.selected.size > 0 && setTriage(selectNone(triage))),
    ...Object.fromEntries(Object.entries(ACT_KEYS).map(([key, what]) => [key, () => act(what)])),
  });
  useEffect(() => {
    const seen = () => document.visibilityState === 'visible' && clearUnseen();
    seen();
    document.addEventListener('visibilitychange', seen);
    return () => document.removeEventListener('visibilitychange', seen);
  }, [changed]);

  const titleOf = (id: string) => alerts.find((alert) => alert.id === id)?.title ?? id;
  return (
    <div className="flex h-full">
      <div className="flex min-w-0 flex-1 flex-col">
        <header className="shrink-0 space-y-2 border-b border-line px-4 py-3">
          <div className="flex flex-wrap items-center gap-x-3 gap-y-2">
            <h1 className="text-lg font-semibold">Alerts</h1>
            <LiveState />
            <SoundSwitch />
            <div className="min-w-0 sm:ml-auto">
              <SeverityCounts />
            </div>
          </div>
          <AlertFilters />
        </header>
        <BulkBar count={triage.selected.size} {...{ isBusy, outcome, titleOf }} onAct={(what) => act(what)} onNone={() => setTriage(selectNone(triage))} onDismiss={dismiss} />
        <div role="region" aria-label="List of alerts" tabIndex={0} className="@container min-h-0 flex-1 overflow-y-auto bg-surface focus-visible:-outline-offset-2">
          {error && !data && <Failure error={error} retry={() => void refetch()} />}
          {isPending && <SkeletonLines count={12} label="Loading the alerts" />}
          {data && alerts.length === 0 && (
            <Empty
              icon="check"
              title={isNarrowed(view) ? 'No alert fits' : 'Nothing is wrong'}
              actions={isNarrowed(view) && <Button onClick={() => setView(WIDE)}>Clear the filters</Button>}
            >
              {isNarrowed(view) ? 'None fits all of these filters.' : 'No alert is open. New ones appear here by themselves, and resolved ones are found under “Any status”.'}
            </Empty>
          )}
          {alerts.length > 0 && (
            <div className={isPlaceholderData ? 'opacity-60' : ''}>
              <AlertTable
                {...{ groups, by, nameOf, triage }}
                onOpen={open}
                onToggle={(id) => setTriage(toggle(goTo(triage, ids, id), id))}
                onToggleAll={(some, isOn) => setTriage(selectAll(triage, isOn ? [...triage.selected, ...some] : [...triage.selected].filter((id) => !some.includes(id))))}
              />
              <p className="flex items-center gap-3 px-4 py-3 text-xs text-faint">
                {plural(alerts.length, 'alert')}
                {hasNextPage && (
                  <Button disabled={isFetchingNextPage} onClick={() => void fetchNextPage()}>
                    Show more
                  </Button>
                )}
              </p>
            </div>
          )}
        </div>
      </div>
      {view.alert && <AlertDrawer id={view.alert} isBusy={isBusy} onAct={(what) => view.alert && act(what, [view.alert])} onClose={shut} />}
      {asked && <ActDialog asked={asked.what} count={asked.ids.length} onAct={(wish) => perform({ ...wish, ids: asked.ids })} onClose={close} />}
    </div>
  );
}

function SoundSwitch() {
  const [sound, setSound] = useSound();
  const isOn = sound === 'on';
  return <IconButton label={isOn ? 'Sound for new critical and high alerts: on' : 'Sound for new critical and high alerts: off'} icon={isOn ? 'bell' : 'bellOff'} aria-pressed={isOn} onClick={() => setSound(isOn ? 'off' : 'on')} className={isOn ? 'text-accent!' : ''} />;
}
