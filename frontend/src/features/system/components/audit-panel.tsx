import { Details } from '@/components/details';
import { Button } from '@/components/ui/button';
import { Empty } from '@/components/ui/empty';
import { Failure } from '@/components/ui/failure';
import { SkeletonLines } from '@/components/ui/skeleton';
import { Table, Td, Th } from '@/components/ui/table';
import { formatTime } from '@/lib/format';
import { useZone } from '@/lib/stored';

import { useAudit } from '../api/get-audit';


/** Who did what, newest first. */
export function AuditPanel() {
  const { data, error, isPending, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useAudit();
  const [zone] = useZone();
  if (error) return <Failure error={error} retry={() => void refetch()} />;
  if (isPending) return <SkeletonLines count={6} label="Loading the audit trail" />;
  const entries = data.pages.flatMap((page) => page.items);
  if (entries.length === 0) return <Empty icon="clock" title="Nothing to show yet">What people change or delete is written down here.</Empty>;
  return (
    <>
      <Table label="Audit trail">
        <thead>
          <tr>
            <Th>When</Th>
            <Th>Who</Th>
            <Th>Action</Th>
            <Th>Subject</Th>
            <Th>Details</Th>
          </tr>
        </thead>
        <tbody>
          {entries.map((entry) => (
            <tr key={entry.id}>
              <Td className="font-mono text-xs whitespace-nowrap">{formatTime(entry.at, zone, false)}</Td>
              <Td>{entry.actor}</Td>
              <Td>{entry.action.replaceAll('_', ' ')}</Td>
              <Td className="font-mono text-xs break-all">{entry.subject}</Td>
              <Td>
                <Details details={entry.details} />
              </Td>
            </tr>
          ))}
        </tbody>
      </Table>
      {hasNextPage && (
        <p className="p-3 text-center">
          <Button disabled={isFetchingNextPage} onClick={() => void fetchNextPage()}>
            Earlier entries
          </Button>
        </p>
      )}
    </>
  );
}
