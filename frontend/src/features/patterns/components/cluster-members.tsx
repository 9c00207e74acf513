import { SummaryOnDemand } from '@/components/summary/summary-on-demand';
import { Failure } from '@/components/ui/failure';
import { SkeletonLines } from '@/components/ui/skeleton';
import type { TimeRange } from '@/lib/time-range';

import { useCluster } from '../api/get-cluster';

import { GroupRow } from './group-row';

/** The patterns of one cluster, as further rows of its table. */
export function ClusterMembers({ id, range }: { id: string; range: TimeRange & { asOf: number } }) {
  const { data, error, isPending, refetch } = useCluster(id, range);
  if (error || isPending)
    return (
      <tr>
        <td colSpan={6}>{error ? <Failure error={error} retry={() => void refetch()} /> : <SkeletonLines count={3} label="Loading its patterns" />}</td>
      </tr>
    );
  return (
    <>
      <tr className="bg-sunken">
        <td colSpan={6} className="border-b border-line py-2 pr-4 pl-12">
          <SummaryOnDemand choices={[{ label: 'What are these lines about?', summed: { path: `logs/clusters/${encodeURIComponent(id)}/summary`, range: { from: range.from, to: range.to }, asOf: range.asOf }, file: 'tocsin-cluster-summary' }]} />
        </td>
      </tr>
      {data.members.map((member) => (
        <GroupRow key={member.template} nested group={member} text={member.pattern} templates={[member.template]} source={member.source} />
      ))}
    </>
  );
}
