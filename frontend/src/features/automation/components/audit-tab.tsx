import { Panel } from '@/components/panel';
import { Button } from '@/components/ui/button';
import { Empty } from '@/components/ui/empty';
import { Failure } from '@/components/ui/failure';
import { SkeletonLines } from '@/components/ui/skeleton';
import { plural } from '@/lib/format';

import { useAuditPages } from '../api/get-audit-pages';

import { AuditExport } from './audit-export';
import { AuditRows } from './audit-rows';
import { StaleNote } from './stale-note';

/** Who did what about automation, newest first. */
export function AuditTab() {
  const { data, error, isPending, hasNextPage, isFetchingNextPage, fetchNextPage, refetch } = useAuditPages();
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
      {entries.length > 0 && <AuditRows entries={entries} />}
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
