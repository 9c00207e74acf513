import type { DataSource } from '@/api-client/types';

const LOOKS: Record<DataSource['status'], string> = {
  reading: 'bg-ok',
  waiting: 'border-2 border-line-strong',
  error: 'bg-danger',
};

/** A source's state as a dot, with its word for those who do not see it; or both in sight. */
export function SourceStatus({ status, withWord = false }: { status: DataSource['status']; withWord?: boolean }) {
  return (
    <span className="inline-flex items-center gap-2 text-xs" title={status}>
      <span aria-hidden="true" className={`size-2 shrink-0 rounded-full ${LOOKS[status]}`} />
      <span className={withWord ? (status === 'error' ? 'font-medium text-danger' : 'text-soft') : 'sr-only'}>{status}</span>
    </span>
  );
}
