import type { DecisionAction } from '@/lib/ticket-words';

const LOOKS: Record<DecisionAction, string> = {
  create: 'border-accent font-medium text-accent',
  reopen: 'border-accent font-medium text-accent',
  update: 'border-line-strong text-ink',
  resolve: 'border-line-strong text-ink',
  skip: 'border-line text-soft',
  hold: 'border-line text-(--warn-text)',
};

/** What was decided, in a word. */
export function DecisionTag({ action }: { action: DecisionAction }) {
  return <span className={`inline-flex h-5 items-center rounded border px-1.5 text-2xs whitespace-nowrap ${LOOKS[action]}`}>{action}</span>;
}
