import { queryOptions, useQuery } from '@tanstack/react-query';

import { getJson } from '@/api-client/http';
import type { Scorecard } from '@/api-client/types';

export const scorecardOptions = queryOptions({
  queryKey: ['scorecard'],
  queryFn: ({ signal }) => getJson<Scorecard>('metrics/forecasts/scorecard', {}, signal),
});

export const useScorecard = () => useQuery(scorecardOptions);
