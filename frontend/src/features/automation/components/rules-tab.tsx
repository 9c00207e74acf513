import { useAutomationRules } from '@/api-client/get-automation-rules';
import { FilterField } from '@/components/filter-field';
import { Panel } from '@/components/panel';
import { Button } from '@/components/ui/button';
import { Empty } from '@/components/ui/empty';
import { Failure } from '@/components/ui/failure';
import { SkeletonLines } from '@/components/ui/skeleton';
import { plural } from '@/lib/format';
import { useView } from '@/lib/use-view';

import { NEW_RULE } from '../new-rule';

import { RuleEditor } from './rule-editor';
import { RuleRows } from './rule-rows';
import { StaleNote } from './stale-note';

/** In the URL in place of an id, which has no such character. */
const NEW = '+';

/** For which alerts what is proposed. */
export function RulesTab() {
  const [view, setView] = useView();
  const { data, error, isPending, refetch } = useAutomationRules();
  const all = data?.items ?? [];
  const opened = all.find(({ id }) => id === view.rule);
  const close = () => setView({ rule: undefined });
  if (view.rule === NEW) return <RuleEditor start={NEW_RULE} taken={all.map(({ id }) => id)} onClose={close} onKept={(rule) => setView({ rule }, { replace: true })} />;
  // What is being written is not thrown away when someone switches the rule meanwhile.
  if (opened) return <RuleEditor key={opened.id} rule={opened} start={opened.yaml} onClose={close} />;
  const q = (view.q ?? '').toLowerCase();
  const items = all.filter(({ id, name, match, provider, template }) => `${id} ${name} ${match} ${provider} ${template}`.toLowerCase().includes(q));
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
      {data && <StaleNote error={error} />}
      {isPending && <SkeletonLines count={8} label="Loading the rules" />}
      {data && view.rule && <p className="border-b border-line px-4 py-2 text-sm text-(--warn-text)">There is no rule {view.rule} any more.</p>}
      {data && items.length === 0 && (
        <Empty icon="rules" title={all.length === 0 ? 'No rule yet' : 'No rule fits'}>
          A rule says for which alerts what is proposed, who must agree, and how it is seen that it helped.
        </Empty>
      )}
      {items.length > 0 && <RuleRows rules={items} onOpen={(rule) => setView({ rule })} />}
    </Panel>
  );
}
