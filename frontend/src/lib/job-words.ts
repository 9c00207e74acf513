/** How far a job is: `failed` cannot be done, `dead` was given up after all its attempts. */
export const JOB_STATUSES = ['queued', 'running', 'succeeded', 'failed', 'dead', 'cancelled'] as const;
export type JobStatus = (typeof JOB_STATUSES)[number];

/** What a status is called where people read it. */
export const JOB_STATUS_WORDS: Record<JobStatus, string> = {
  queued: 'Waits',
  running: 'Runs',
  succeeded: 'Done',
  failed: 'Cannot be done',
  dead: 'Given up',
  cancelled: 'Called off',
};

export const isJobStatus = (text: string | undefined): text is JobStatus => (JOB_STATUSES as readonly string[]).includes(text ?? '');

/** `re_embed` as people say it. */
export const kindName = (kind: string) => kind.replaceAll('_', ' ');
