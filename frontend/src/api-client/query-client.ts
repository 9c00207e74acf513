import { QueryClient } from '@tanstack/react-query';

import { ApiError } from './http';

/** What asking again may mend: an overloaded or unreachable server, not a wrong question. */
function isPassing(error: Error) {
  if (!(error instanceof ApiError)) return false;
  return error.status === 429 || error.status === 502 || error.status === 504 || (error.status === 503 && error.kind !== 'model-missing');
}

export const makeQueryClient = () =>
  new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 30_000,
        gcTime: 120_000,
        refetchOnWindowFocus: false,
        retry: (count, error) => count < 2 && isPassing(error),
      },
    },
  });
