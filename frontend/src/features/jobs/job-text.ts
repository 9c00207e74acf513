import type { Job } from '@/api-client/types';
import { formatBytes, formatCount, formatSpan, plural } from '@/lib/format';
import type { JobStatus } from '@/lib/job-words';
import { parseTime } from '@/lib/time-range';

const ACTIVE: readonly JobStatus[] = ['queued', 'running'];

export const isActive = ({ status }: Pick<Job, 'status'>) => ACTIVE.includes(status);
export const canCancel = (job: Pick<Job, 'status' | 'is_cancel_asked'>) => isActive(job) && !job.is_cancel_asked;

/** Whether it can be tried again now: what failed, was given up or called off, or waits for its next attempt. */
export const canRetry = ({ status, attempts }: Pick<Job, 'status' | 'attempts'>) => status === 'failed' || status === 'dead' || status === 'cancelled' || (status === 'queued' && attempts > 0);

/** How much of it is done, from 0 to 1; nothing where that is not known. */
export function share({ progress: { done, total } }: Pick<Job, 'progress'>): number | undefined {
  return total ? Math.min(1, done / total) : undefined;
}

/** How far it is, in words. */
export function progressText({ progress: { done, total, note } }: Pick<Job, 'progress'>): string {
  if (note === 'bytes') return total ? `${formatBytes(done)} of ${formatBytes(total)}` : formatBytes(done);
  const count = total ? `${formatCount(done)} of ${formatCount(total)}` : done > 0 ? formatCount(done) : '';
  return [count, note].filter(Boolean).join(' ');
}

/** When it goes on, or how often it was tried. */
export function attemptsText({ status, attempts, attempts_max, due_at }: Pick<Job, 'status' | 'attempts' | 'attempts_max' | 'due_at'>, now: number): string {
  const tried = attempts > 1 || (attempts > 0 && status === 'queued') ? `attempt ${attempts} of ${attempts_max}` : '';
  if (status !== 'queued' || !due_at) return tried;
  const wait = (parseTime(due_at) - now) / 1000;
  const next = wait > 1 ? `next in ${formatSpan(wait)}` : 'next now';
  return attempts > 0 ? `${tried}, ${next}` : '';
}

const RESULTS: Record<string, (n: number) => string> = {
  deleted: (n) => `${plural(n, 'line')} deleted`,
  embedded: (n) => `${plural(n, 'kind of line', 'kinds of lines')} embedded`,
  series: (n) => `${plural(n, 'series', 'series')} looked at`,
  sent_again: (n) => `${plural(n, 'message')} sent again`,
  accepted: (n) => `${plural(n, 'line')} read in`,
};

/** What came of it, in a line; nothing where only its details say that. */
export function resultText({ result }: Pick<Job, 'result'>): string {
  if (!result) return '';
  if (typeof result.title === 'string') return result.title;
  const said = Object.entries(RESULTS).flatMap(([key, text]) => (typeof result[key] === 'number' ? [text(result[key])] : []));
  if (typeof result.rejected === 'number' && result.rejected > 0) said.push(`${formatCount(result.rejected)} refused`);
  if (said.length > 0) return said.join(', ');
  const removed = Object.entries((result.removed ?? {}) as Record<string, unknown>).filter(([, count]) => typeof count === 'number' && count > 0);
  if ('removed' in result) return removed.length === 0 ? 'nothing was too old' : `${removed.map(([what, count]) => `${formatCount(count as number)} ${what}`).join(', ')} removed`;
  return '';
}

/** Reads parameters that somebody typed: an object of JSON, or why not. */
export function readParameters(text: string): { parameters?: Record<string, unknown>; wrong?: string } {
  try {
    const value: unknown = JSON.parse(text.trim() === '' ? '{}' : text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { parameters: value as Record<string, unknown> };
    return { wrong: 'A JSON object is expected, such as {}.' };
  } catch (error) {
    return { wrong: `This is no JSON: ${(error as Error).message}` };
  }
}
