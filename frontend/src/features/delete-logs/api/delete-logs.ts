import { useMutation } from '@tanstack/react-query';

import { postJson } from '@/api-client/http';
import type { Job } from '@/api-client/types';

export interface DeleteWish {
  q?: string;
  from?: string;
  to?: string;
  source?: string[];
  host?: string[];
  severity?: string[];
  template?: string[];
}

/** How many lines a deletion would take; nothing is deleted. */
export const useDeleteCount = () =>
  useMutation({ mutationFn: (wish: DeleteWish) => postJson<{ matches: number }>('logs/delete', { ...wish, dry_run: true }) });

export const useDeleteLogs = () =>
  useMutation({ mutationFn: (wish: DeleteWish) => postJson<{ job: Job }>('logs/delete', { ...wish, dry_run: false }) });
