import type { ReactNode } from 'react';

import { useStats } from '@/api-client/get-stats';
import type { Stats } from '@/api-client/types';
import { MissingStores } from '@/components/missing-stores';
import { Failure } from '@/components/ui/failure';
import { SkeletonLines } from '@/components/ui/skeleton';
import { formatBytes, formatCount, formatKnown, formatRate, formatShare, formatSpan, formatTime } from '@/lib/format';
import { useZone } from '@/lib/stored';

import { ProcessTable } from './process-table';

/** What the server holds and what that costs. */
export function StatsPanel() {
  const { data, error, refetch } = useStats();
  const [zone] = useZone();
  if (error) return <Failure error={error} retry={() => void refetch()} />;
  if (!data) return <SkeletonLines count={8} label="Loading the figures" />;
  return (
    <div>
      <MissingStores missing={data.missing} />
      <dl className="grid gap-px bg-line sm:grid-cols-2 lg:grid-cols-4">
        <Figure name="Lines held" value={formatKnown(data.records)} note={`${formatRate(data.records_per_second)} arriving`} />
        <Figure name="On disk" value={formatKnown(data.disk_bytes, formatBytes)} note={`${formatKnown(data.raw_bytes, formatBytes)} of text`} />
        <Figure name="Bytes on disk per byte of text" value={ratio(data)} note={`${formatKnown(data.blocks)} blocks`} />
        <Figure name="Memory" value={formatBytes(data.processes.reduce((sum, { memory_bytes }) => sum + memory_bytes, 0))} note={`${formatKnown(data.head_records)} newest lines in it`} />
        <Figure name="Patterns" value={formatKnown(data.templates)} note={`${formatCount(data.prototypes_embedded)} with a meaning`} />
        <Figure name="Series" value={formatKnown(data.series)} note={`${formatRate(data.points_per_second)} points arriving`} />
        <Figure name="Points" value={formatKnown(data.points)} note="kept one by one" />
        <Figure name="Metrics on disk" value={formatKnown(data.metric_disk_bytes, formatBytes)} note="with what is kept of older ones" />
        <Figure name="Waiting on the bus" value={`${formatCount(data.bus.events)} batches`} note={`${formatBytes(data.bus.bytes)} of ${formatBytes(data.bus.limit_bytes)}`}>
          <Meter share={data.bus.bytes / Math.max(1, data.bus.limit_bytes)} />
        </Figure>
        <Figure name="Search by meaning" value={data.semantic.available ? 'on' : 'off'} note={data.semantic.model ?? data.semantic.remedy ?? ''} />
        <Figure name="Running for" value={formatSpan(data.uptime_s)} note={`since ${formatTime(data.started_at, zone, false)}`} />
        <Figure name="Processes" value={formatCount(data.processes.length)} note={data.processes.some(({ leads }) => leads) ? 'one of them leads' : 'none of them leads just now'} />
      </dl>
      {data.processes.length > 1 && (
        <div className="border-t border-line">
          <ProcessTable processes={data.processes} />
        </div>
      )}
      <dl className="grid grid-cols-[auto_1fr] gap-x-6 gap-y-1 border-t border-line p-4 text-sm">
        <Row name="Version">{data.version}</Row>
        <Row name="HTTP">{data.listen.http ?? 'off'}</Row>
        <Row name="Syslog over UDP">{data.listen.syslog_udp ?? 'off'}</Row>
        <Row name="Syslog over TCP">{data.listen.syslog_tcp ?? 'off'}</Row>
      </dl>
    </div>
  );
}

const ratio = ({ disk_bytes, raw_bytes }: Stats) => (disk_bytes && raw_bytes ? (disk_bytes / raw_bytes).toFixed(3) : '–');

function Figure({ name, value, note, children }: { name: string; value: string; note: string; children?: ReactNode }) {
  return (
    <div className="bg-surface p-4">
      <dt className="text-xs text-soft">{name}</dt>
      <dd>
        <span className="block text-lg leading-7 font-semibold tabular-nums">{value}</span>
        <span className="block text-xs break-words text-faint">{note}</span>
        {children}
      </dd>
    </div>
  );
}

function Meter({ share }: { share: number }) {
  return (
    <span role="img" aria-label={`${formatShare(share, 1)} full`} className="mt-1.5 block h-1 overflow-hidden rounded-full bg-line">
      <span className={`block h-full ${share > 0.8 ? 'bg-danger' : 'bg-accent'}`} style={{ width: `${Math.min(100, share * 100)}%` }} />
    </span>
  );
}

function Row({ name, children }: { name: string; children: ReactNode }) {
  return (
    <>
      <dt className="text-soft">{name}</dt>
      <dd className="font-mono text-xs leading-5">{children}</dd>
    </>
  );
}
