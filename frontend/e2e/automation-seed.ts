import { expect, test as base, type Page, type Route } from '@playwright/test';

import type { AutomationRule, Me, RunDetails, Safety } from '../src/api-client/automation-types';

import * as data from './automation-data';

/** What the made-up automation holds, and what it was told. */
export interface Automation {
  runs: RunDetails[];
  rules: AutomationRule[];
  safety: Safety;
  /** Each request that is no question: method, path, body. */
  told: { method: string; path: string; body: string }[];
  me: Me;
  /** What the stream of a run tells, by the number of the connection. */
  streams: Record<string, string[]>;
  /** Answers in place of the usual ones, by path. */
  failing: Record<string, { status: number; title: string; detail: string; errors?: object[] }>;
}

/** Stands in for the routes of automation, and for those of the alert it is about. */
export async function standIn(page: Page): Promise<Automation> {
  const fake: Automation = { runs: data.runs(), rules: data.rules(), safety: data.safety(), told: [], me: { name: 'ben', is_known: true }, streams: {}, failing: {} };
  const list = (items: unknown[]) => ({ items, next_cursor: null });
  await page.route('**/api/v1/me', (route) => route.fulfill({ json: fake.me }));
  await page.route(`**/api/v1/alerts/${data.ALERT}`, (route) => route.fulfill({ json: data.alert }));
  await page.route(`**/api/v1/alerts/${data.ALERT}/root-cause`, (route) => route.fulfill({ json: list([]) }));
  await page.route('**/api/v1/alert-rules/disk_full/why?*', (route) => route.fulfill({ json: data.why }));
  await page.route('**/api/v1/automation/**', (route) => answer(route, fake));
  return fake;
}

async function answer(route: Route, fake: Automation) {
  const request = route.request();
  const url = new URL(request.url());
  const path = url.pathname.replace(/^.*\/api\/v1\/automation\//, '');
  const method = request.method();
  const body = request.postData() ?? '';
  if (method !== 'GET') fake.told.push({ method, path, body });
  const failure = fake.failing[path];
  if (failure) return route.fulfill({ status: failure.status, contentType: 'application/problem+json', json: { type: 'x/problem', ...failure } });
  const [kind, id, what] = path.split('/').map(decodeURIComponent);
  const json = (value: unknown, status = 200) => route.fulfill({ status, json: value });
  const list = (items: unknown[]) => json({ items, next_cursor: null });
  const said = method === 'GET' || body === '' || path.startsWith('rules/') ? {} : (JSON.parse(body) as Record<string, unknown>);
  switch (kind) {
    case 'runs':
      return id === undefined ? list(found(fake.runs, url.searchParams)) : aboutRun(route, fake, id, what, said);
    case 'rules':
      return aboutRule(route, fake, id, what, method, body);
    case 'providers':
      return id === undefined ? list(data.providers()) : json({ ...data.providers()[1], healthy: true, detail: 'the token is good', checked_at: data.ago(0) });
    case 'audit':
      return list(data.audit);
    case 'stop':
      fake.safety.kill = { by: fake.me.name, at: data.ago(0), reason: String(said.reason) };
      return json(fake.safety);
    case 'resume':
      fake.safety.kill = null;
      return json(fake.safety);
    case 'freezes':
      fake.safety.freezes = (said.freezes as Safety['freezes']).map((freeze) => ({ ...freeze, is_active: false }));
      return json(fake.safety);
    default:
      return json(fake.safety);
  }
}

function found(runs: readonly RunDetails[], query: URLSearchParams) {
  const states = query.get('state')?.split(',');
  const same = (key: 'rule' | 'alert' | 'provider', run: RunDetails) => !query.get(key) || query.get(key) === run[key];
  return runs.filter((run) => (!states || states.includes(run.state)) && same('rule', run) && same('alert', run) && same('provider', run));
}

function aboutRun(route: Route, fake: Automation, id: string, what: string | undefined, said: Record<string, unknown>) {
  const run = fake.runs.find((one) => one.id === id);
  if (!run) return route.fulfill({ status: 404, contentType: 'application/problem+json', json: { type: 'x/not-found', title: 'Not found', status: 404, detail: 'there is no such run' } });
  if (what === 'stream') {
    const told = fake.streams[id]?.shift() ?? sse('run', run);
    return route.fulfill({ contentType: 'text/event-stream', body: told });
  }
  if (what === 'output') return route.fulfill({ json: run.output_size > 0 ? { text: data.OUTPUT, next: data.OUTPUT.length, size: data.OUTPUT.length } : { text: '', next: 0, size: 0 } });
  if (what === 'approve' || what === 'reject') {
    if (said.plan !== run.plan) return route.fulfill({ status: 409, contentType: 'application/problem+json', json: { type: 'x/conflict', title: 'Refused', status: 409, detail: 'the plan is another one' } });
    const isYes = what === 'approve';
    Object.assign(run, { state: isYes ? 'approved' : 'rejected', state_because: isYes ? `${fake.me.name} said yes` : `${fake.me.name} said no`, can: { approve: false, reject: false, cancel: isYes, rollback: false } });
  }
  if (what === 'cancel') Object.assign(run, { state: 'cancelled', state_because: `called off by ${fake.me.name}`, can: { approve: false, reject: false, cancel: false, rollback: false } });
  if (what === 'rollback') Object.assign(run, { state: 'rolling_back', state_because: `undone for ${fake.me.name}`, can: { approve: false, reject: false, cancel: false, rollback: false } });
  return route.fulfill({ json: run });
}

function aboutRule(route: Route, fake: Automation, id: string | undefined, what: string | undefined, method: string, body: string) {
  const json = (value: unknown) => route.fulfill({ json: value });
  const rule = fake.rules.find((one) => one.id === id);
  if (id === undefined) return json({ items: fake.rules, next_cursor: null });
  if (id === 'test')
    return json({ matches: true, because: 'its failure type is disk_full and it is 94 % sure', targets: ['web-1'], action: data.runs()[2]?.plan_details?.action, approval: 'ana or ben, then anyone: always', problem: null });
  if (id === 'replay')
    return json({ looked_at: 412, matched: 5, runs: [1, 2, 3].map((day) => ({ at: data.ago(day * 86_400), alert: data.ALERT, targets: [`web-${day}`] })), held_back: 2, problems: [], too_broad: null });
  if (what === 'propose') return json(fake.runs[2]);
  if (what === 'versions') return json({ items: rule ? [{ version: rule.version, yaml: rule.yaml }, { version: rule.version - 1, yaml: rule.yaml.replace('keep_days: 7', 'keep_days: 30') }, { version: 1, yaml: null }] : [], next_cursor: null });
  if (method === 'DELETE') {
    fake.rules = fake.rules.filter((one) => one !== rule);
    return route.fulfill({ status: 204 });
  }
  if (!rule) return route.fulfill({ status: 404, json: {} });
  if (method === 'PATCH') Object.assign(rule, JSON.parse(body));
  if (method === 'PUT') Object.assign(rule, { yaml: body, version: rule.version + 1 });
  return json(rule);
}

/** One event of a stream. */
export const sse = (event: string, value: unknown) => `event: ${event}\ndata: ${JSON.stringify(value)}\n\n`;

/** `test` with an automation that is made up. */
export const test = base.extend<{ automation: Automation }>({
  automation: [async ({ page }, use) => use(await standIn(page)), { scope: 'test' }],
});

export { expect };
