import { expect, test as base, type APIRequestContext } from '@playwright/test';

/** Alerts of a host of its own for each run, so that runs do not see each other. */
export interface AlertSeed {
  host: string;
}

const LINE = 'CRITICAL: Pricing error | Missing price for product 999';

/** Sends a line that is worth an alert. */
export async function sendFailure(request: APIRequestContext, host: string, source = 'e2e-shop') {
  const line = { timestamp: new Date().toISOString(), source, host, severity: 'fatal', body: LINE };
  const answer = await request.post('api/v1/logs', { headers: { 'content-type': 'application/x-ndjson' }, data: JSON.stringify(line) });
  expect(answer.ok(), await answer.text()).toBe(true);
}

export async function countAlerts(request: APIRequestContext, host: string, status?: string): Promise<number> {
  const answer = await request.get('api/v1/alerts', { params: { label: `host="${host}"`, ...(status && { status }) } });
  return ((await answer.json()) as { items: object[] }).items.length;
}

/** The page's address with only the alerts of a host. */
export const alertsOf = (host: string, more = '') => `alerts?label=${encodeURIComponent(`host=~"${host}.*"`)}${more}`;

/** `test` with two hosts that have an alert each. */
export const test = base.extend<object, { alerts: AlertSeed }>({
  alerts: [
    async ({ playwright }, use, worker) => {
      const host = `e2e-a-${Date.now()}-${worker.workerIndex}`;
      const request = await playwright.request.newContext({ baseURL: worker.project.use.baseURL });
      for (const own of [`${host}-1`, `${host}-2`]) {
        await sendFailure(request, own);
        await expect.poll(() => countAlerts(request, own), { timeout: 30_000 }).toBeGreaterThan(0);
      }
      await request.dispose();
      await use({ host });
    },
    { scope: 'worker', timeout: 120_000 },
  ],
});

export { expect };
