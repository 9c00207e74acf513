import { useState } from 'react';

import { Panel } from '@/components/panel';
import { Empty } from '@/components/ui/empty';
import { Failure } from '@/components/ui/failure';
import { SkeletonLines } from '@/components/ui/skeleton';
import { Table } from '@/components/ui/table';
import { useRange } from '@/lib/anchor';
import { formatTook, plural } from '@/lib/format';
import { useView } from '@/lib/use-view';

import { useClusters } from '../api/get-clusters';
import { sorted, sortOf } from '../group-rows';

import { ClusterMembers } from './cluster-members';
import { GroupHead } from './group-head';
import { GroupRow } from './group-row';

/** Patterns that mean the same as one row each; a row opens to show its patterns. */
export function ClustersTable() {
  const [view] = useView();
  const range = useRange();
  const { data, error, isPending, isPlaceholderData, refetch } = useClusters({ ...range, source: view.source });
  const [open, setOpen] = useState<string>();
  if (error) return <Failure error={error} retry={() => void refetch()} />;
  if (isPending) return <SkeletonLines count={12} label="Grouping patterns by meaning" />;

  const words = view.q?.toLowerCase().split(/\s+/) ?? [];
  const matching = data.items.filter(
    (cluster) =>
      words.every((word) => `${cluster.label} ${cluster.example}`.toLowerCase().includes(word)) &&
      (!view.severity || view.severity.some((severity) => cluster.severities[severity])),
  );
  return (
    <Panel className={isPlaceholderData ? 'opacity-60' : ''}>
      {matching.length === 0 ? (
        <Empty icon="patterns" title="No clusters">
          {data.items.length > 0 ? 'None of them fits the filter.' : 'There are no patterns in this time range yet.'}
        </Empty>
      ) : (
        <Table label="Clusters">
          <GroupHead what="Cluster" />
          {sorted(matching, sortOf(view.sort)).map((cluster) => (
            <tbody key={cluster.id}>
              <GroupRow
                group={cluster}
                text={cluster.label}
                note={cluster.example}
                templates={cluster.templates}
                size={cluster.size}
                trend={cluster.trend}
                open={open === cluster.id}
                onToggle={() => setOpen(open === cluster.id ? undefined : cluster.id)}
              />
              {open === cluster.id && <ClusterMembers id={cluster.id} range={range} />}
            </tbody>
          ))}
        </Table>
      )}
      <p className="px-4 py-2 text-xs text-faint">
        {plural(matching.length, 'cluster')} · {formatTook(data.took_ms)}
      </p>
    </Panel>
  );
}
