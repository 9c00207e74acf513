import { useMutation } from '@tanstack/react-query';

import { postOnly } from '@/api-client/http';

/** Says that something unusual went unnoticed: the band of the series gets narrower. */
export const useReportMissed = (series: string) =>
  useMutation({
    mutationFn: (atMs: number) => postOnly(`metrics/series/${encodeURIComponent(series)}/feedback`, { verdict: 'missed', at: new Date(atMs).toISOString() }),
  });
