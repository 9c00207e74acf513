import type { Page } from '@playwright/test';

/** What the mocked routes of jobs answer; a test changes it as it goes. */
export interface JobsWorld {
  jobs: Record<string, unknown>[];
  schedules: Record<string, unknown>[];
  failing?: { status: number; title: string; detail: string };
  /** Never answers. */
  isHanging?: boolean;
  asked: { method: string; path: string; body: unknown }[];
}

const job = (number: number, over: Record<string, unknown>) => ({
  id: `0190f3a0-0000-7000-8000-${String(number).padStart(12, '0')}`,
  kind: 'process_data',
  status: 'queued',
  created_at: new Date(Date.now() - number * 61_000).toISOString(),
  finished_at: null,
  parameters: { file: 'app.log.gz', source: 'app' },
  result: null,
  has_document: false,
  error: null,
  asked_by: 'ana',
  schedule: null,
  attempts: 1,
  attempts_max: 5,
  due_at: null,
  started_at: new Date(Date.now() - number * 60_000).toISOString(),
  worker: 'web-1/4711-a1b2',
  is_cancel_asked: false,
  progress: { done: 0, total: null, note: '' },
  ...over,
});

const ended = () => new Date(Date.now() - 5000).toISOString();

export const world = (): JobsWorld => ({
  jobs: [
    job(1, { status: 'running', progress: { done: 734_003_200, total: 2_147_483_648, note: 'bytes' } }),
    job(2, { kind: 're_embed', status: 'running', is_cancel_asked: true, parameters: {}, progress: { done: 320, total: 1200, note: 'kinds of lines' } }),
    job(3, { kind: 'send_notification', status: 'queued', attempts: 2, due_at: new Date(Date.now() + 45_000).toISOString(), error: 'the store cannot be reached or written: connection refused', parameters: {} }),
    job(4, { kind: 'delete_logs', status: 'dead', attempts: 5, finished_at: ended(), error: 'the store cannot be reached or written: no space left on device', parameters: { q: 'level:debug', to: '2027-01-01T00:00:00Z' } }),
    job(5, { status: 'failed', finished_at: ended(), error: '`file` missing.log: No such file or directory (os error 2)', parameters: { file: 'missing.log' } }),
    job(6, { kind: 'generate_report', status: 'succeeded', finished_at: ended(), result: { title: 'What happened on 28 November' }, has_document: true, parameters: { from: '2026-11-28T00:00:00Z', to: '2026-11-29T00:00:00Z' } }),
    job(7, { kind: 'cleanup', status: 'succeeded', finished_at: ended(), asked_by: 'system', schedule: 'cleanup-records', result: { removed: { alerts: 12, runs: 0 } }, parameters: { what: 'records' } }),
    job(8, { kind: 're_forecast', status: 'cancelled', finished_at: ended(), parameters: { rule: 'filesystem_full' } }),
  ],
  schedules: [
    { name: 'cleanup-records', kind: 'cleanup', parameters: { what: 'records' }, cron: '17 * * * *', is_paused: false, next_due: new Date(Date.now() + 900_000).toISOString(), last_job: null },
    { name: 'daily-report', kind: 'generate_report', parameters: { from: 'now-1d' }, cron: '0 6 * * *', is_paused: true, next_due: null, last_job: null },
  ],
  asked: [],
});

const KINDS = [
  { name: 'generate_report', about: 'Sums up what happened within a time, as a document to keep.', example: { from: 'now-1d', to: 'now' } },
  { name: 'process_data', about: "Reads in a file that lies in the server's import folder: plain, gzip or zstd.", example: { file: 'app.log.gz' } },
];

/** Answers the routes of jobs in place of the server. */
export async function mockJobs(page: Page, state: JobsWorld) {
  await page.route(/\/api\/v1\/jobs(\/|\?|$)/, async (route) => {
    const request = route.request();
    const url = new URL(request.url());
    const path = url.pathname.replace(/^.*\/api\/v1\/jobs\/?/, '');
    if (state.isHanging) return;
    const { failing } = state;
    if (failing) return route.fulfill({ status: failing.status, contentType: 'application/problem+json', body: JSON.stringify({ type: 'about:blank', ...failing }) });
    const json = (body: unknown, status = 200) => route.fulfill({ status, json: body });
    if (request.method() !== 'GET') {
      state.asked.push({ method: request.method(), path, body: request.postDataJSON() });
      if (request.method() === 'DELETE') return route.fulfill({ status: 204 });
      return json(path === '' || path.endsWith('/run') ? { job: state.jobs[0] } : (state.jobs.find(({ id }) => path.startsWith(String(id))) ?? state.schedules[0]));
    }
    if (path === 'kinds') return json({ items: KINDS });
    if (path === 'schedules') return json({ items: state.schedules });
    if (path !== '') {
      const one = state.jobs.find(({ id }) => id === path);
      return one ? json(one) : json({ type: 'about:blank', title: 'Not found', status: 404, detail: 'there is no such job' }, 404);
    }
    const of = (name: 'status' | 'kind' | 'schedule') => url.searchParams.get(name)?.split(',');
    const items = state.jobs.filter((one) => (['status', 'kind', 'schedule'] as const).every((name) => of(name)?.includes(String(one[name])) ?? true));
    return json({ items, next_cursor: null });
  });
}
