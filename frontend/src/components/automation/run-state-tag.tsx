import { words } from '@/lib/alert-words';
import type { RunState } from '@/lib/automation-words';

const LOOKS: Record<RunState, string> = {
  proposed: 'border-line text-soft',
  awaiting_approval: 'border-(--warn) font-medium text-(--warn-text)',
  approved: 'border-accent text-accent',
  executing: 'border-accent bg-chosen font-medium text-accent',
  verifying: 'border-accent bg-chosen font-medium text-accent',
  rolling_back: 'border-(--warn) bg-chosen font-medium text-(--warn-text)',
  succeeded: 'border-line-strong text-ok',
  failed: 'border-danger font-medium text-danger',
  rolled_back: 'border-line-strong text-(--warn-text)',
  rejected: 'border-line text-soft',
  expired: 'border-line text-faint',
  cancelled: 'border-line text-faint',
};

/** How far a run is, in a word. */
export function RunStateTag({ state }: { state: RunState }) {
  return <span className={`inline-flex h-5 items-center rounded border px-1.5 text-2xs whitespace-nowrap ${LOOKS[state]}`}>{words(state)}</span>;
}
