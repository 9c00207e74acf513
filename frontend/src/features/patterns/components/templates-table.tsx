import { useState } from 'react';

import { useTemplates } from '@/api-client/get-templates';
import { Panel } from '@/components/panel';
import { Button } from '@/components/ui/button';
import { Empty } from '@/components/ui/empty';
import { Failure } from '@/components/ui/failure';
import { SkeletonLines } from '@/components/ui/skeleton';
import { Table } from '@/components/ui/table';
import { useRange } from '@/lib/anchor';
import { plural } from '@/lib/format';
import { useView } from '@/lib/use-view';

import { sorted, sortOf } from '../group-rows';

import { GroupHead } from './group-head';
import { GroupRow } from './group-row';

const STEP = 200;
/** As many as one request gives. */
const LIMIT_MAX = 1000;

/** Every pattern as a row, the most frequent first unless asked otherwise. */
export function TemplatesTable() {
  const [view] = useView();
  const range = useRange();
  const [limit, setLimit] = useState(STEP);
  const sort = sortOf(view.sort);
  const query = { ...range, q: view.q, source: view.source, severity: view.severity, limit, sort: sort === 'first' ? 'newest' : sort };
  const { data, error, isPending, isPlaceholderData, refetch } = useTemplates(query);
  if (error) return <Failure error={error} retry={() => void refetch()} />;
  if (isPending) return <SkeletonLines count={12} label="Loading the patterns" />;
  return (
    <Panel className={isPlaceholderData ? 'opacity-60' : ''}>
      {data.items.length === 0 ? (
        <Empty icon="patterns" title="No patterns">
          {(view.q ?? view.severity) ? 'None of them fits the filter.' : 'No line has arrived in this time range.'}
        </Empty>
      ) : (
        <Table label="Patterns">
          <GroupHead what="Pattern" fourth="Source" />
          <tbody>
            {sorted(data.items, sort).map((template) => (
              <GroupRow key={template.template} group={template} text={template.pattern} templates={[template.template]} source={template.source} />
            ))}
          </tbody>
        </Table>
      )}
      <p className="flex items-center gap-3 px-4 py-2 text-xs text-faint">
        {plural(data.items.length, 'pattern')}
        {data.next_cursor && limit < LIMIT_MAX && (
          <Button disabled={isPlaceholderData} onClick={() => setLimit(Math.min(LIMIT_MAX, limit + STEP))}>
            Show more
          </Button>
        )}
        {data.next_cursor && limit >= LIMIT_MAX && 'and more: narrow them down by text or severity'}
      </p>
    </Panel>
  );
}
