import { useState } from 'react';

import { useAnalyseRootCause } from '@/api-client/analyse-root-cause';
import type { RootCause } from '@/api-client/copilot-types';
import { useRootCauses, type Subject } from '@/api-client/get-root-causes';
import { formatTime } from '@/lib/format';
import { useZone } from '@/lib/stored';

import { Button } from '../ui/button';
import { Failure } from '../ui/failure';
import { Select } from '../ui/select';
import { SkeletonLines } from '../ui/skeleton';

import { RootCauseReport } from './root-cause-report';

/** What caused an alert or incident, as far as it is known: the newest report, earlier ones, and a new one on demand. */
export function RootCauseView({ subject }: { subject: Subject }) {
  const { data, error, refetch } = useRootCauses(subject);
  const analyse = useAnalyseRootCause(subject);
  const [chosen, setChosen] = useState<string>();
  const [before, setBefore] = useState<string>();
  if (error && !data) return <Failure error={error} retry={() => void refetch()} />;
  if (!data) return <SkeletonLines count={5} label="Loading the cause" />;
  const reports = data.items;
  const shown = reports.find(({ id }) => id === chosen) ?? reports[0];
  const start = () => {
    setChosen(undefined);
    setBefore(reports[0]?.id);
    analyse.mutate();
  };
  const isUnchanged = !analyse.isPending && analyse.data !== undefined && analyse.data.id === before;
  return (
    <div className="space-y-3 text-sm">
      {analyse.error && <Failure error={analyse.error} retry={start} />}
      {analyse.isPending && <SkeletonLines count={3} label="Looking for the cause" />}
      {!shown && !analyse.isPending && <p className="text-soft">It was not looked into yet. Critical alerts are looked into by themselves.</p>}
      <div className="flex flex-wrap items-center gap-2">
        <Button icon="cause" disabled={analyse.isPending} onClick={start}>
          {shown ? 'Analyse again' : 'Find the cause'}
        </Button>
        {shown && reports.length > 1 && <Revisions reports={reports} shown={shown} onShow={setChosen} />}
      </div>
      {isUnchanged && (
        <p role="status" className="text-soft">
          Looked into again: nothing has changed since this report.
        </p>
      )}
      {shown && <RootCauseReport key={shown.id} report={shown} />}
    </div>
  );
}

function Revisions({ reports, shown, onShow }: { reports: readonly RootCause[]; shown: RootCause; onShow: (id: string) => void }) {
  const [zone] = useZone();
  const choices = reports.map(({ id, revision, made_at }) => ({ value: id, label: `Revision ${revision}, ${formatTime(made_at, zone, false)}` }));
  return <Select label="Revision of the report" value={shown.id} choices={choices} onChange={onShow} />;
}
