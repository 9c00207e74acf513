import type { DataSource } from '@/api-client/types';
import { SourceStatus } from '@/components/source-status';
import { Table, Td, Th } from '@/components/ui/table';
import { ViewLink } from '@/components/view-link';
import { formatAgo, formatCount, formatRate, formatTime } from '@/lib/format';
import { PAGES } from '@/lib/pages';
import { useZone } from '@/lib/stored';
import { useNow } from '@/lib/use-now';

export function SourceTable({ sources }: { sources: DataSource[] }) {
  const now = useNow(2);
  const [zone] = useZone();
  const sorted = [...sources].sort((a, b) => Number(b.status === 'error') - Number(a.status === 'error') || b.records - a.records);
  return (
    <Table label="Sources">
      <thead>
        <tr>
          <Th>Source</Th>
          <Th>Kind</Th>
          <Th>Status</Th>
          <Th right>Lines</Th>
          <Th right>Rate</Th>
          <Th right>Last line</Th>
          <Th>Issues</Th>
        </tr>
      </thead>
      <tbody>
        {sorted.map((source) => (
          <tr key={source.name} className="hover:bg-hover">
            <Td className="max-w-96">
              <ViewLink to={PAGES.search} view={{ source: [source.name] }} className="block truncate font-medium hover:underline" title={source.name}>
                {source.name}
              </ViewLink>
              {source.detail && (
                <span className={`block truncate text-xs ${source.status === 'error' ? 'text-danger' : 'text-faint'}`} title={source.detail}>
                  {source.detail}
                </span>
              )}
            </Td>
            <Td className="text-soft">{source.kind}</Td>
            <Td>
              <SourceStatus status={source.status} withWord />
            </Td>
            <Td right>{formatCount(source.records)}</Td>
            <Td right>{formatRate(source.records_per_second)}</Td>
            <Td right title={source.last_record_at ? formatTime(source.last_record_at, zone) : undefined}>
              {source.last_record_at ? formatAgo(source.last_record_at, now) : 'never'}
            </Td>
            <Td>
              <Issues issues={source.issues} />
            </Td>
          </tr>
        ))}
      </tbody>
    </Table>
  );
}

function Issues({ issues }: { issues: Record<string, number> }) {
  const present = Object.entries(issues).filter(([, count]) => count > 0);
  if (present.length === 0) return <span className="text-faint">none</span>;
  return (
    <ul className="space-y-0.5 text-xs text-(--warn-text)">
      {present.map(([issue, count]) => (
        <li key={issue} className="whitespace-nowrap">
          {formatCount(count)} × {issue.replaceAll('_', ' ')}
        </li>
      ))}
    </ul>
  );
}
