import type { SearchResult } from '@/api-client/types';
import type { LogFilters } from '@/lib/filters';

/** As many templates as one request takes. */
const TEMPLATES_MAX = 100;

/**
 * What a search found, as filters for requests that know words only: a question becomes the
 * patterns that were found for it. Undefined while that is not known, or when nothing was found.
 */
export function matchedBy(filters: LogFilters, head: SearchResult | undefined): LogFilters | undefined {
  if (filters.mode === 'text') return filters;
  if (!head) return undefined;
  const template = head.prototypes?.map((prototype) => prototype.template).slice(0, TEMPLATES_MAX);
  if (template?.length) return { ...filters, q: undefined, template };
  // Without the model, hybrid search goes by the words alone.
  return filters.mode === 'hybrid' && !head.prototypes ? filters : undefined;
}
