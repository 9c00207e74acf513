import { useState } from 'react';

import type { AutomationRule } from '@/api-client/automation-types';
import { Panel } from '@/components/panel';
import { Button } from '@/components/ui/button';
import { SkeletonLines } from '@/components/ui/skeleton';
import { plural } from '@/lib/format';

import { useRuleVersions } from '../api/get-rule-versions';
import { changedCount, lineDiff } from '../line-diff';

import { DiffText } from './diff-text';

interface Props {
  rule: AutomationRule;
  /** The rule as it is written in the editor. */
  text: string;
  onRestore: (yaml: string) => void;
}

/** What a rule was, and how that differs from what is written now. */
export function VersionsPanel({ rule, text, onRestore }: Props) {
  const { data, error } = useRuleVersions(rule.id);
  const [open, setOpen] = useState<number>();
  const versions = data?.items ?? [];
  return (
    <Panel title="Versions">
      {error && !data && <p className="p-4 text-sm break-words text-danger">They are not known: {error.message}</p>}
      {!data && !error && <SkeletonLines count={3} label="Loading the versions" />}
      {data && versions.length === 0 && <p className="p-4 text-sm text-soft">It is as the file has it; nobody has changed it here.</p>}
      <ul aria-label="Versions" className="divide-y divide-line text-sm">
        {versions.map(({ version, yaml }) => (
          <li key={version} className="px-4 py-2">
            <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
              <span className="tabular-nums">
                Version {version}
                {version === rule.version && <span className="text-faint">, at work</span>}
              </span>
              {typeof yaml === 'string' ? (
                <span className="ml-auto flex gap-1.5">
                  <Button aria-expanded={open === version} onClick={() => setOpen(open === version ? undefined : version)}>
                    Compare
                  </Button>
                  <Button icon="undo" disabled={yaml === text} onClick={() => onRestore(yaml)}>
                    Bring into the editor
                  </Button>
                </span>
              ) : (
                <span className="text-faint">the rule was deleted</span>
              )}
            </div>
            {open === version && typeof yaml === 'string' && <Compared before={yaml} after={text} />}
          </li>
        ))}
      </ul>
    </Panel>
  );
}

function Compared({ before, after }: { before: string; after: string }) {
  const lines = lineDiff(before, after);
  const count = changedCount(lines);
  return (
    <div className="mt-2 space-y-1.5">
      <p role="status" className="text-xs text-soft">
        {count === 0 ? 'What is in the editor is the same.' : `What is in the editor differs in ${plural(count, 'line')}.`}
      </p>
      {count > 0 && <DiffText label="From that version to the editor" lines={lines} className="max-h-80" />}
    </div>
  );
}
