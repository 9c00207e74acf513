import type { Stats } from '@/api-client/types';
import { Table, Td, Th } from '@/components/ui/table';
import { formatBytes, formatRate, formatTime } from '@/lib/format';
import { useZone } from '@/lib/stored';

const WORK: Record<string, string> = { all: 'everything', api: 'takes in and answers', worker: 'works' };

/** The processes of the server, where there are several; the one that answers first. */
export function ProcessTable({ processes }: { processes: Stats['processes'] }) {
  const [zone] = useZone();
  return (
    <Table label="Processes">
      <thead>
        <tr>
          <Th>Process</Th>
          <Th>Work</Th>
          <Th right>Lines arriving</Th>
          <Th right>Points arriving</Th>
          <Th right>Memory</Th>
          <Th>Since</Th>
        </tr>
      </thead>
      <tbody>
        {processes.map(({ name, role, leads, started_at, memory_bytes, records_per_second, points_per_second }) => (
          <tr key={name}>
            <Td className="font-mono text-xs leading-5! break-all">{name}</Td>
            <Td>
              {WORK[role] ?? role}
              {leads && <span className="ml-2 rounded-sm border border-line px-1.5 text-xs text-soft">leads</span>}
            </Td>
            <Td right>{formatRate(records_per_second)}</Td>
            <Td right>{formatRate(points_per_second)}</Td>
            <Td right>{formatBytes(memory_bytes)}</Td>
            <Td className="font-mono text-xs leading-5! whitespace-nowrap">{formatTime(started_at, zone, false)}</Td>
          </tr>
        ))}
      </tbody>
    </Table>
  );
}
