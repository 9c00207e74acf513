import { Failure } from '@/components/ui/failure';
import { formatCount } from '@/lib/format';

import type { useRecordPages } from '../use-record-pages';

/** What stands below the last line: that it was the last, or why there are no more. */
export function ListFooter({ pages }: { pages: ReturnType<typeof useRecordPages> }) {
  if (pages.failed?.error) return <Failure error={pages.failed.error} retry={() => void pages.failed?.refetch()} />;
  if (!pages.complete) return null;
  return <p className="px-4 py-3 text-center text-xs text-faint">All {formatCount(pages.known)} lines are shown.</p>;
}
