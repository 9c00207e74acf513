import type { Job } from '@/api-client/types';
import { Empty } from '@/components/ui/empty';
import { Failure } from '@/components/ui/failure';
import { SkeletonLines } from '@/components/ui/skeleton';
import { Table, Td, Th } from '@/components/ui/table';
import { formatTime, plural } from '@/lib/format';
import { useZone } from '@/lib/stored';

import { useJobs } from '../api/get-jobs';

import { Details } from './details';

const LOOKS: Record<Job['status'], string> = {
  queued: 'text-soft',
  running: 'text-accent',
  succeeded: 'text-soft',
  failed: 'font-medium text-danger',
};

/** Long work: what runs, what ran, and how it ended. */
export function JobsPanel() {
  const { data, error, isPending, refetch } = useJobs();
  const [zone] = useZone();
  if (error) return <Failure error={error} retry={() => void refetch()} />;
  if (isPending) return <SkeletonLines count={6} label="Loading the jobs" />;
  if (data.items.length === 0) return <Empty icon="clock" title="No jobs yet">Deleting lines is a job, for example.</Empty>;
  return (
    <Table label="Jobs">
      <thead>
        <tr>
          <Th>Created</Th>
          <Th>Kind</Th>
          <Th>Status</Th>
          <Th>Parameters</Th>
          <Th>Result</Th>
        </tr>
      </thead>
      <tbody>
        {data.items.map((job) => (
          <tr key={job.id}>
            <Td className="font-mono text-xs whitespace-nowrap">{formatTime(job.created_at, zone, false)}</Td>
            <Td>{job.kind.replaceAll('_', ' ')}</Td>
            <Td className={LOOKS[job.status]}>{job.status}</Td>
            <Td>
              <Details details={job.parameters} />
            </Td>
            <Td>
              {job.error && <span className="text-danger">{job.error}</span>}
              {job.result?.deleted !== undefined && `${plural(job.result.deleted, 'line')} deleted`}
            </Td>
          </tr>
        ))}
      </tbody>
    </Table>
  );
}
