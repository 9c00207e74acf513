import { words } from '@/lib/alert-words';

const LOOKS: Record<string, string> = {
  new: 'border-line-strong font-medium text-ink',
  open: 'border-line-strong font-medium text-ink',
  acknowledged: 'border-line text-soft',
  in_progress: 'border-accent text-accent',
  resolved: 'border-line text-faint',
};

/** The status of an alert or incident in a word. */
export function StatusTag({ status }: { status: string }) {
  return <span className={`inline-flex h-5 items-center rounded border px-1.5 text-2xs whitespace-nowrap ${LOOKS[status] ?? 'border-line text-soft'}`}>{words(status)}</span>;
}
