import { expect, test as base, type APIRequestContext } from '@playwright/test';

/** A host with a history of its own; each run has another one. */
export interface MetricSeed {
  host: string;
}

const STEP_MS = 300_000;
const DAYS = 4;
/** How many of the newest points are far above the others. */
const SPIKE = 4;

/** Days of even values with a spike at their end, a disk that fills up, and what a collector says. */
function makeLines(host: string): string[] {
  const now = Date.now();
  const count = (DAYS * 86_400_000) / STEP_MS;
  return Array.from({ length: count }, (_, index) => {
    const at = now - (count - 1 - index) * STEP_MS;
    const wave = Math.sin((2 * Math.PI * index * STEP_MS) / 86_400_000);
    const latency = 100 + 20 * wave + (index % 7) + (count - index <= SPIKE ? 900 : 0);
    const used = 0.6 + (0.3 * index) / count;
    return [
      `e2e,host=${host},route=/pay latency_ms=${latency.toFixed(2)} ${at}`,
      `e2e,host=${host} requests_total=${index * 600} ${at}`,
      `host,host=${host},job=host cpu_used_ratio=${(0.4 + 0.1 * wave).toFixed(4)},cpu_cores=4,memory_used_ratio=0.55 ${at}`,
      `node,host=${host},job=host load1=${(1.5 + wave).toFixed(2)} ${at}`,
      `host_filesystem,host=${host},job=host,mountpoint=/srv used_ratio=${used.toFixed(5)} ${at}`,
    ];
  }).flat();
}

async function countSeries(request: APIRequestContext, host: string): Promise<number> {
  const answer = await request.get('api/v1/metrics/series', { params: { match: `{host="${host}"}` } });
  return ((await answer.json()) as { total: number }).total;
}

async function countAnomalies(request: APIRequestContext, host: string): Promise<number> {
  const answer = await request.get('api/v1/metrics/anomalies', { params: { q: host, from: 'now-1d' } });
  return ((await answer.json()) as { items: { name: string }[] }).items.filter(({ name }) => name === 'e2e_latency_ms').length;
}

/** `test` with points that were sent before, and judged. */
export const test = base.extend<object, { metrics: MetricSeed }>({
  metrics: [
    async ({ playwright }, use, worker) => {
      const host = `e2e-m-${Date.now()}-${worker.workerIndex}`;
      const request = await playwright.request.newContext({ baseURL: worker.project.use.baseURL });
      const answer = await request.post('api/v2/write?bucket=e2e&precision=ms', { data: makeLines(host).join('\n') });
      expect(answer.ok(), await answer.text()).toBe(true);
      const line = { timestamp: new Date().toISOString(), source: 'e2e-metrics', host, severity: 'error', body: 'payment took too long' };
      await request.post('api/v1/logs', { headers: { 'content-type': 'application/x-ndjson' }, data: JSON.stringify(line) });
      await expect.poll(() => countSeries(request, host), { timeout: 30_000 }).toBeGreaterThanOrEqual(7);
      await expect.poll(() => countAnomalies(request, host), { timeout: 60_000 }).toBeGreaterThan(0);
      await request.dispose();
      await use({ host });
    },
    { scope: 'worker', timeout: 120_000 },
  ],
});

export { expect };
