import { useMutation, useQueryClient } from '@tanstack/react-query';

import { postOnly } from '@/api-client/http';

/** Says that an anomaly was none: the band of its series gets wider. */
export function useRejectAnomaly() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => postOnly(`metrics/anomalies/${encodeURIComponent(id)}/feedback`, { verdict: 'not_anomaly' }),
    onSuccess: () => client.invalidateQueries({ queryKey: ['anomalies'] }),
  });
}
