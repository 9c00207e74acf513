import { useAlertRules } from '@/api-client/get-alert-rules';
import type { AlertRule } from '@/api-client/types';
import { FilterField } from '@/components/filter-field';
import { Panel } from '@/components/panel';
import { Button } from '@/components/ui/button';
import { Empty } from '@/components/ui/empty';
import { Failure } from '@/components/ui/failure';
import { SkeletonLines } from '@/components/ui/skeleton';
import { Switch } from '@/components/ui/switch';
import { Table, Td, Th } from '@/components/ui/table';
import { words } from '@/lib/alert-words';
import { plural } from '@/lib/format';
import { useView } from '@/lib/use-view';

import { useSwitchRule } from '../api/switch-rule';
import { conditionText, draftOf, NEW_RULE } from '../rule-draft';

import { AlertRuleEditor } from './alert-rule-editor';

/** In the URL in place of an id, which has no such character. */
export const NEW = '+';

/** When something is told. */
export function AlertRulesTab() {
  const [view, setView] = useView();
  const { data, error, isPending, refetch } = useAlertRules();
  const all = data?.items ?? [];
  const opened = all.find(({ id }) => id === view.rule);
  const close = () => setView({ rule: undefined });
  if (view.rule === NEW) return <AlertRuleEditor start={NEW_RULE} onClose={close} />;
  if (opened) return <AlertRuleEditor key={`${opened.id} ${opened.version}`} id={opened.id} start={draftOf(opened)} onClose={close} />;
  const q = (view.q ?? '').toLowerCase();
  const items = all.filter((rule) => `${rule.id} ${rule.about} ${conditionText(rule)}`.toLowerCase().includes(q));
  return (
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
      {data && view.rule && !opened && <p className="border-b border-line px-4 py-2 text-sm text-(--warn-text)">There is no rule {view.rule} any more.</p>}
      {data && items.length === 0 && <Empty icon="rules" title={all.length === 0 ? 'No rule yet' : 'No rule fits'}>A rule says which lines, values, anomalies or predictions become alerts.</Empty>}
      {items.length > 0 && <Rules items={items} onOpen={(rule) => setView({ rule })} />}
    </Panel>
  );
}

function Rules({ items, onOpen }: { items: AlertRule[]; onOpen: (id: string) => void }) {
  const turn = useSwitchRule('alert-rules');
  return (
    <Table label="Alert rules">
      <thead>
        <tr>
          <Th>On</Th>
          <Th>Rule</Th>
          <Th>Looks at</Th>
          <Th>Condition</Th>
          <Th>Severity</Th>
          <Th right>Version</Th>
        </tr>
      </thead>
      <tbody>
        {items.map((rule) => {
          const id = rule.id ?? '';
          return (
            <tr key={id} className="hover:bg-hover">
              <Td>
                <Switch label={`Rule ${id} is on`} isOn={rule.enabled ?? true} disabled={turn.isPending && turn.variables.id === id} onChange={(isOn) => turn.mutate({ id, isOn })} />
              </Td>
              <Td className="min-w-48">
                <button type="button" onClick={() => onOpen(id)} className="text-left font-medium break-words hover:underline">
                  {id}
                </button>
                <p className="text-xs text-soft">{rule.about}</p>
              </Td>
              <Td className="whitespace-nowrap">{words(rule.on)}</Td>
              <Td className="min-w-56 font-mono text-xs leading-5 break-words">{conditionText(rule)}</Td>
              <Td>{rule.severity}</Td>
              <Td right>{rule.version ?? 0}</Td>
            </tr>
          );
        })}
      </tbody>
    </Table>
  );
}
