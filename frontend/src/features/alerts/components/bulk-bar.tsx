import { Button, IconButton } from '@/components/ui/button';
import { formatCount } from '@/lib/format';

import type { Outcome } from '../bulk-text';
import type { Act } from '../triage';

interface Props {
  count: number;
  isBusy: boolean;
  outcome?: Outcome;
  titleOf: (id: string) => string;
  onAct: (act: Act) => void;
  onNone: () => void;
  onDismiss: () => void;
}

const ACTS: [Act, string][] = [
  ['acknowledge', 'Acknowledge'],
  ['start', 'Start'],
  ['assign', 'Assign'],
  ['snooze', 'Snooze'],
  ['escalate', 'Severity'],
  ['comment', 'Comment'],
  ['resolve', 'Resolve'],
];

/** What can be done with the selected alerts, and what came of it for those that would not. */
export function BulkBar({ count, isBusy, outcome, titleOf, onAct, onNone, onDismiss }: Props) {
  const refused = outcome?.refused ?? [];
  return (
    <>
      {count > 0 && (
        <div role="toolbar" aria-label="The selected alerts" className="flex shrink-0 flex-wrap items-center gap-1.5 border-b border-line bg-chosen px-3 py-1.5">
          <strong className="mr-1 text-sm font-semibold tabular-nums">{formatCount(count)} selected</strong>
          {ACTS.map(([act, label]) => (
            <Button key={act} disabled={isBusy} onClick={() => onAct(act)}>
              {label}
            </Button>
          ))}
          <IconButton label="Select none" icon="close" className="ml-auto" onClick={onNone} />
        </div>
      )}
      {refused.length > 0 && (
        <div role="alert" className="flex shrink-0 items-start gap-3 border-b border-line px-4 py-2 text-sm">
          <div className="min-w-0 flex-1">
            <p className="font-medium text-danger">{outcome?.text}</p>
            <ul className="max-h-28 overflow-y-auto text-xs text-soft">
              {refused.map(({ id, why }) => (
                <li key={id} className="break-words">
                  {titleOf(id)}: {why}
                </li>
              ))}
            </ul>
          </div>
          <IconButton label="Close" icon="close" onClick={onDismiss} />
        </div>
      )}
    </>
  );
}
