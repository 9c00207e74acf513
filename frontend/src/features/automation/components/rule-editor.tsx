import { useState } from 'react';

import type { AutomationRule } from '@/api-client/automation-types';
import { ApiError } from '@/api-client/http';
import type { RuleWish } from '@/api-client/test-automation-rule';
import { Panel } from '@/components/panel';
import { Button } from '@/components/ui/button';
import { Switch } from '@/components/ui/switch';

import { useChangeRule } from '../api/change-rule';
import { useDeleteRule } from '../api/delete-rule';
import { useSaveRule } from '../api/save-rule';
import { idOf } from '../rule-match';
import { mistakesOf } from '../yaml-places';

import { CodeEditor } from './code-editor';
import { ReplayPanel } from './replay-panel';
import { RuleHistory } from './rule-history';
import { ProposeOnly } from './success-rate';
import { TryPanel } from './try-panel';
import { VersionsPanel } from './versions-panel';

interface Props {
  /** The rule as it is at work; none: it is a new one. */
  rule?: AutomationRule;
  /** What its text begins with. */
  start: string;
  /** Ids that a new rule cannot have. */
  taken?: readonly string[];
  onClose: () => void;
  onKept?: (id: string) => void;
}

/** A rule as text, and what it would do: on one alert, and over history. */
export function RuleEditor({ rule, start, taken = [], onClose, onKept }: Props) {
  const [base, setBase] = useState({ yaml: start, version: rule?.version ?? 0 });
  const [text, setText] = useState(start);
  const [sent, setSent] = useState('');
  const save = useSaveRule();
  const id = rule?.id ?? idOf(text) ?? '';
  const isChanged = text !== base.yaml;
  const isOlder = rule !== undefined && rule.version > base.version;
  const takeUp = ({ yaml, version }: AutomationRule) => {
    setBase({ yaml, version });
    setText(yaml);
  };
  // A switch makes a new version too; whoever goes on from the older text would take it back.
  if (isOlder && !isChanged) takeUp(rule);
  const isTaken = rule === undefined && taken.includes(id);
  const problem = save.error instanceof ApiError ? save.error.problem : undefined;
  // A mistake belongs to the text that was sent; once that is changed its place may be another's.
  const mistakes = problem && sent === text ? mistakesOf(text, problem) : [];
  const wish: RuleWish = rule && !isChanged ? { rule: rule.id } : { yaml: text };
  const restore = (yaml: string) => {
    save.reset();
    setText(yaml);
  };
  const keep = () => {
    setSent(text);
    save.mutate(
      { id, yaml: text },
      {
        onSuccess: (kept) => {
          takeUp(kept);
          onKept?.(kept.id);
        },
      },
    );
  };
  return (
    <div className="grid grid-cols-1 items-start gap-4 xl:grid-cols-[minmax(0,1fr)_26rem]">
      <div className="min-w-0 space-y-4">
        <Panel
          title={rule ? rule.name || rule.id : 'New rule'}
          aside={
            <Button look="quiet" onClick={onClose}>
              All rules
            </Button>
          }
        >
          {rule && <Switches rule={rule} />}
          <div className="space-y-3 p-4">
            {isOlder && isChanged && (
              <p role="status" className="text-sm text-(--warn-text)">
                It is version {rule.version} by now; what you have changed here was version {base.version}.{' '}
                <button type="button" className="text-accent hover:underline" onClick={() => takeUp(rule)}>
                  Show version {rule.version}
                </button>
              </p>
            )}
            {isTaken && (
              <p role="alert" className="text-sm text-danger">
                There is a rule {id} already: give this one another id.
              </p>
            )}
            <CodeEditor label="The rule as YAML" text={text} mistakes={mistakes} onChange={setText} onSave={() => !isTaken && keep()} />
            {save.error && !problem && (
              <p role="alert" className="text-sm break-words text-danger">
                {save.error.message}
              </p>
            )}
            <div className="flex flex-wrap gap-2">
              <Button look="primary" disabled={save.isPending || (rule !== undefined && !isChanged) || id === '' || isTaken} onClick={keep}>
                {rule ? `Keep as version ${rule.version + 1}` : 'Make the rule'}
              </Button>
              <Button look="quiet" disabled={!isChanged} onClick={() => restore(base.yaml)}>
                Undo
              </Button>
              {rule && <Delete id={rule.id} onDone={onClose} />}
            </div>
            <p className="text-xs text-faint">What an older version proposed and has not begun is void as soon as a new version is kept.</p>
          </div>
        </Panel>
        {rule && <VersionsPanel rule={rule} text={text} onRestore={restore} />}
      </div>
      <div className="min-w-0 space-y-4">
        <TryPanel wish={wish} />
        <ReplayPanel wish={wish} />
        {rule && (
          <Panel>
            <div className="p-4">
              <RuleHistory rule={rule.id} isAlone={false} />
            </div>
          </Panel>
        )}
      </div>
    </div>
  );
}

/** What is switched with effect at once. */
function Switches({ rule }: { rule: AutomationRule }) {
  const change = useChangeRule();
  return (
    <div className="flex flex-wrap items-center gap-x-6 gap-y-2 border-b border-line px-4 py-2.5 text-sm">
      <span className="flex items-center gap-2">
        <Switch label={`Rule ${rule.id} is on`} isOn={rule.enabled} disabled={change.isPending} onChange={(enabled) => change.mutate({ id: rule.id, enabled })} />
        {rule.enabled ? 'It is on' : 'It is off'}
      </span>
      <span className="flex items-center gap-2">
        <Switch label={`Rule ${rule.id} only plans`} isOn={rule.dry_run} disabled={change.isPending} onChange={(dry_run) => change.mutate({ id: rule.id, dry_run })} />
        {rule.dry_run ? 'Dry run: it only plans' : 'No dry run: it acts'}
      </span>
      {rule.propose_only && <ProposeOnly />}
    </div>
  );
}

/** Drops a rule at the second press. */
function Delete({ id, onDone }: { id: string; onDone: () => void }) {
  const [asked, setAsked] = useState(false);
  const remove = useDeleteRule();
  return (
    <Button look={asked ? 'danger' : 'quiet'} icon="trash" className="ml-auto" disabled={remove.isPending} onClick={() => (asked ? remove.mutate(id, { onSuccess: onDone }) : setAsked(true))}>
      {asked ? `Yes, delete ${id}` : 'Delete'}
    </Button>
  );
}
