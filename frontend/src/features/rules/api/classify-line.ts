import { useMutation } from '@tanstack/react-query';

import { postJson } from '@/api-client/http';
import type { Classified } from '@/api-client/types';

/** Says which rules match a line, and what comes of it. */
export const useClassifyLine = () => useMutation({ mutationFn: (line: string) => postJson<Classified>('classification-rules/test', { line }) });
