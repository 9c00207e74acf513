import { useState } from 'react';

import type { ClassificationRule } from '@/api-client/types';
import { AlertSeverityTag } from '@/components/alert/alert-severity';
import { FilterField } from '@/components/filter-field';
import { Panel } from '@/components/panel';
import { Button } from '@/components/ui/button';
import { Empty } from '@/components/ui/empty';
import { Failure } from '@/components/ui/failure';
import { SkeletonLines } from '@/components/ui/skeleton';
import { Switch } from '@/components/ui/switch';
import { Table, Td, Th } from '@/components/ui/table';
import { isAlertSeverity, words } from '@/lib/alert-words';
import { formatShare, plural } from '@/lib/format';
import { useView } from '@/lib/use-view';

import { useClassificationRules } from '../api/get-classification-rules';
import { useSwitchRule } from '../api/switch-rule';

import { ClassificationEditor } from './classification-editor';
import { ClassifyBox } from './classify-box';

const NEW = '+';

/** What lines mean: which failure each speaks of. */
export function ClassificationTab() {
  const [view, setView] = useView();
  const { data, error, isPending, refetch } = useClassificationRules();
  const [matched, setMatched] = useState<ReadonlySet<string>>(new Set());
  const all = data?.items ?? [];
  const opened = all.find(({ id }) => id === view.rule);
  const close = () => setView({ rule: undefined });
  if (opened ?? view.rule === NEW) return <ClassificationEditor key={`${opened?.id} ${opened?.version}`} rule={opened} onClose={close} />;
  const q = (view.q ?? '').toLowerCase();
  const items = all
    .filter(({ id, failure_type, pattern }) => `${id} ${failure_type} ${pattern}`.toLowerCase().includes(q))
    .sort((a, b) => Number(matched.has(b.id ?? '')) - Number(matched.has(a.id ?? '')));
  return (
    <div className="space-y-4">
      <ClassifyBox onMatched={setMatched} />
      <Panel>
        <div className="flex flex-wrap items-center gap-2 border-b border-line p-3">
          <FilterField label="Filter the rules" />
          <span className="text-xs text-faint">{data && plural(items.length, 'rule')}</span>
          <Button icon="plus" look="primary" className="ml-auto" onClick={() => setView({ rule: NEW })}>
            New rule
          </Button>
        </div>
        {error && !data && <Failure error={error} retry={() => void refetch()} />}
        {isPending && <SkeletonLines count={8} label="Loading the rules" />}
        {data && items.length === 0 && <Empty icon="rules" title={all.length === 0 ? 'No rule yet' : 'No rule fits'}>A rule says which failure the lines that match its pattern speak of.</Empty>}
        {items.length > 0 && <Rules items={items} matched={matched} onOpen={(rule) => setView({ rule })} />}
      </Panel>
    </div>
  );
}

function Rules({ items, matched, onOpen }: { items: ClassificationRule[]; matched: ReadonlySet<string>; onOpen: (id: string) => void }) {
  const turn = useSwitchRule('classification-rules');
  return (
    <Table label="Classification rules">
      <thead>
        <tr>
          <Th>On</Th>
          <Th>Rule</Th>
          <Th>Failure</Th>
          <Th>Severity</Th>
          <Th right>Sure</Th>
          <Th>Pattern</Th>
        </tr>
      </thead>
      <tbody>
        {items.map((rule) => {
          const id = rule.id ?? '';
          return (
            <tr key={id} className={matched.has(id) ? 'bg-chosen' : 'hover:bg-hover'}>
              <Td>
                <Switch label={`Rule ${id} is on`} isOn={rule.enabled ?? true} disabled={turn.isPending && turn.variables.id === id} onChange={(isOn) => turn.mutate({ id, isOn })} />
              </Td>
              <Td>
                <button type="button" onClick={() => onOpen(id)} className="text-left font-medium break-words hover:underline">
                  {id}
                </button>
              </Td>
              <Td className="whitespace-nowrap">{words(rule.failure_type)}</Td>
              <Td>{isAlertSeverity(rule.severity) && <AlertSeverityTag severity={rule.severity} />}</Td>
              <Td right>{formatShare(rule.confidence, 1)}</Td>
              <Td className="min-w-64">
                <span title={rule.pattern} className="line-clamp-2 font-mono text-xs leading-5 break-all">
                  {rule.pattern}
                </span>
              </Td>
            </tr>
          );
        })}
      </tbody>
    </Table>
  );
}
