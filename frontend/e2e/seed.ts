import { expect, test as base, type APIRequestContext } from '@playwright/test';

/** What the specs look for; each run has its own source, so that runs do not see each other. */
export interface Seed {
  source: string;
  lines: number;
}

const MINUTES = 30;

function makeLines(source: string) {
  const now = Date.now();
  const line = (minute: number, severity: string, body: string, attributes = {}) => ({
    timestamp: new Date(now - (MINUTES - minute) * 60_000).toISOString(),
    source,
    host: `e2e-host-${minute % 2}`,
    severity,
    body,
    attributes,
  });
  return Array.from({ length: MINUTES }, (_, minute) => [
    line(minute, 'info', `Accepted password for deploy from 10.0.0.${minute} port ${4000 + minute} ssh2`, { attempt: minute }),
    line(minute, 'warn', `Failed password for invalid user guest${minute} from 203.0.113.${minute} port ${5000 + minute} ssh2`),
    line(minute, 'error', `gateway stripe: ETIMEDOUT after ${30_000 + minute} ms`, { gateway: 'stripe' }),
  ]).flat();
}

async function send(request: APIRequestContext, lines: object[]) {
  const answer = await request.post('api/v1/logs', {
    headers: { 'content-type': 'application/x-ndjson' },
    data: lines.map((line) => JSON.stringify(line)).join('\n'),
  });
  expect(answer.ok(), await answer.text()).toBe(true);
}

/** The number of lines that a source has now. */
export async function countLines(request: APIRequestContext, source: string): Promise<number> {
  const answer = await request.get('api/v1/logs/search', { params: { source, limit: 1 } });
  const { total } = (await answer.json()) as { total: number };
  return total;
}

/** Whether every pattern that was found has its meaning by now, or never will. */
async function isUnderstood(request: APIRequestContext): Promise<boolean> {
  const stats = (await (await request.get('api/v1/stats')).json()) as { templates: number; prototypes_embedded: number; semantic: { available: boolean } };
  return !stats.semantic.available || stats.prototypes_embedded >= stats.templates;
}

/** Sends one line now. */
export const sendLine = (request: APIRequestContext, source: string, body: string) =>
  send(request, [{ timestamp: new Date().toISOString(), source, host: 'e2e-host-0', severity: 'error', body }]);

/** `test` with lines that were sent before and can be found. */
export const test = base.extend<object, { seed: Seed }>({
  seed: [
    async ({ playwright }, use, worker) => {
      const source = `e2e-${Date.now()}-${worker.workerIndex}`;
      const baseURL = worker.project.use.baseURL;
      const request = await playwright.request.newContext({ baseURL });
      const lines = makeLines(source);
      await send(request, lines);
      await expect.poll(() => countLines(request, source), { timeout: 30_000 }).toBe(lines.length);
      await expect.poll(() => isUnderstood(request), { timeout: 60_000 }).toBe(true);
      await request.dispose();
      await use({ source, lines: lines.length });
    },
    { scope: 'worker', timeout: 120_000 },
  ],
});

export { expect };
