import { useEffect, useRef } from 'react';

import type { Change } from '@/api-client/copilot-types';
import { LabelList } from '@/components/alert/label-list';
import { Icon } from '@/components/ui/icon';
import { Table, Td, Th } from '@/components/ui/table';
import { ViewLink } from '@/components/view-link';
import { formatTime } from '@/lib/format';
import { PAGES } from '@/lib/pages';
import { plain, webAddress } from '@/lib/plain-text';
import { useZone } from '@/lib/stored';

interface Props {
  changes: readonly Change[];
  /** The change that is pointed at. */
  marked?: string;
  onEntity: (entity: string) => void;
}

export function ChangeTable({ changes, marked, onEntity }: Props) {
  return (
    <Table label="Changes">
      <thead>
        <tr>
          <Th>When</Th>
          <Th>Kind</Th>
          <Th>Where</Th>
          <Th className="w-1/2">What</Th>
          <Th>Who</Th>
        </tr>
      </thead>
      <tbody>
        {changes.map((change) => (
          <Row key={change.id} change={change} isMarked={change.id === marked} onEntity={onEntity} />
        ))}
      </tbody>
    </Table>
  );
}

function Row({ change: { at, kind, entity, title, labels, source, actor, url, record }, isMarked, onEntity }: { change: Change; isMarked: boolean; onEntity: Props['onEntity'] }) {
  const [zone] = useZone();
  const row = useRef<HTMLTableRowElement>(null);
  useEffect(() => {
    if (isMarked) row.current?.scrollIntoView({ block: 'center' });
  }, [isMarked]);
  const address = webAddress(url);
  return (
    <tr ref={row} aria-current={isMarked ? 'true' : undefined} className={isMarked ? 'bg-chosen' : 'hover:bg-hover'}>
      <Td className="font-mono text-xs leading-5! whitespace-nowrap">{formatTime(at, zone, false)}</Td>
      <Td>{kind}</Td>
      <Td>
        <button type="button" title={`Only changes of ${entity}`} onClick={() => onEntity(entity)} className="min-w-24 text-left break-words hover:underline">
          {plain(entity)}
        </button>
      </Td>
      <Td className="min-w-56">
        <bdi className="break-words">{plain(title)}</bdi>
        <LabelList labels={labels} />
        <span className="flex flex-wrap gap-x-3 text-xs">
          {record && (
            <ViewLink to={PAGES.search} view={{ record }} className="text-accent hover:underline">
              The log line
            </ViewLink>
          )}
          {address && (
            <a href={address} target="_blank" rel="noopener noreferrer" className="inline-flex items-center gap-1 text-accent hover:underline">
              {new URL(address).host} <Icon name="external" className="size-3" />
            </a>
          )}
        </span>
      </Td>
      <Td className="min-w-28">
        <span className="block break-words">{plain(actor ?? 'unknown')}</span>
        <span className="block text-xs break-words text-faint">told by {plain(source)}</span>
      </Td>
    </tr>
  );
}
