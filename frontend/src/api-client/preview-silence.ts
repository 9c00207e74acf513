import { keepPreviousData, queryOptions, useQuery } from '@tanstack/react-query';

import { postJson } from './http';
import type { LabelMatcher, SilencePreview } from './types';

/** How many open alerts a silence with these matchers would hold. */
export const silencePreviewOptions = (matchers: LabelMatcher[]) =>
  queryOptions({
    queryKey: ['silence-preview', matchers],
    queryFn: () => postJson<SilencePreview>('silences/preview', { matchers }),
    placeholderData: keepPreviousData,
    staleTime: 5000,
  });

export const useSilencePreview = (matchers: LabelMatcher[], enabled: boolean) => useQuery({ ...silencePreviewOptions(matchers), enabled });
