import { Panel } from '@/components/panel';
import { Button } from '@/components/ui/button';
import { Empty } from '@/components/ui/empty';
import { Failure } from '@/components/ui/failure';
import { SkeletonLines } from '@/components/ui/skeleton';
import { Table, Td, Th } from '@/components/ui/table';
import { words } from '@/lib/alert-words';
import { actorName } from '@/lib/automation-words';
import { formatTime, plural } from '@/lib/format';
import { plain } from '@/lib/plain-text';
import { useZone } from '@/lib/stored';

import { useAuditPages } from '../api/get-audit-pages';

import { AuditExport } from './audit-export';
import { StaleNote } from './stale-note';

/** Who did what about automation, newest first. */
export function AuditTab() {
  const { data, error, isPending, hasNextPage, isFetchingNextPage, fetchNextPage, refetch } = useAuditPages();
  const [zone] = useZone();
  const entries = data?.pages.flatMap(({ items }) => items) ?? [];
  return (
    <Panel>
      <div className="flex flex-wrap items-center justify-between gap-2 border-b border-line p-3 text-xs text-faint">
        <span>{data && `${plural(entries.length, 'entry', 'entries')}${hasNextPage ? ' and more' : ''}`}</span>
        <AuditExport />
      </div>
      {error && !data && <Failure error={error} retry={() => void refetch()} />}
      {data && <StaleNote error={error} />}
      {isPending && <SkeletonLines count={8} label="Loading the audit trail" />}
      {data && entries.length === 0 && (
        <Empty icon="clock" title="Nothing happened yet">
          Every step of every run, every vote and every switch is written down here, with who it was.
        </Empty>
      )}
      {entries.length > 0 && (
        <Table label="Audit trail">
          <thead>
            <tr>
              <Th>When</Th>
              <Th>Who</Th>
              <Th>What</Th>
              <Th>About</Th>
              <Th>Details</Th>
            </tr>
          </thead>
          <tbody>
            {entries.map(({ id, at, actor, action, subject, details }) => (
              <tr key={id}>
                <Td className="text-xs leading-5 whitespace-nowrap text-soft tabular-nums">{formatTime(at, zone, false)}</Td>
                <Td className="whitespace-nowrap">{actorName(actor)}</Td>
                <Td className="whitespace-nowrap">{words(action.replace(/^automation\./, ''))}</Td>
                <Td className="max-w-72 min-w-36 font-mono text-xs leading-5 [overflow-wrap:anywhere]">{plain(subject)}</Td>
                <Td className="min-w-64">
                  <Details details={details} />
                </Td>
              </tr>
            ))}
          </tbody>
        </Table>
      )}
      {hasNextPage && (
        <p className="border-t border-line px-4 py-2">
          <Button disabled={isFetchingNextPage} onClick={() => void fetchNextPage()}>
            Earlier entries
          </Button>
        </p>
      )}
    </Panel>
  );
}

function Details({ details }: { details: Record<string, unknown> }) {
  const present = Object.entries(details).filter(([, value]) => value !== null && value !== '');
  return (
    <span className="flex flex-wrap gap-x-3 text-xs leading-5">
      {present.map(([name, value]) => (
        <span key={name} className="min-w-0">
          <span className="text-faint">{words(name)}</span> <span className="[overflow-wrap:anywhere]">{plain(typeof value === 'string' ? value : JSON.stringify(value))}</span>
        </span>
      ))}
    </span>
  );
}
