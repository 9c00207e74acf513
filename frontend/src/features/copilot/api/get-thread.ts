import { queryOptions, useQuery } from '@tanstack/react-query';

import type { ThreadDetail } from '@/api-client/copilot-types';
import { getJson } from '@/api-client/http';

/** One conversation with its messages. */
export const threadOptions = (id: string) =>
  queryOptions({
    queryKey: ['copilot-thread', id],
    queryFn: ({ signal }) => getJson<ThreadDetail>(`copilot/threads/${encodeURIComponent(id)}`, {}, signal),
  });

export const useThread = (id: string | undefined) => useQuery({ ...threadOptions(id ?? ''), enabled: id !== undefined });
