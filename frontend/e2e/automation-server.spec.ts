import { createServer, type Server } from 'node:http';

import type { APIRequestContext } from '@playwright/test';

import { expect, sendFailure, test } from './alert-seed';

/** Where the server under test was told that actions go; `scripts/e2e.sh` says. */
const PORT = Number(process.env.E2E_HOOK_PORT ?? 0);
test.skip(PORT === 0, 'the server has no provider of the test');

interface Told {
  key: string;
  body: { action: string; params: Record<string, unknown>; approved_by: string[] };
}

/** Takes what the provider sends, and remembers it. */
function receiver(told: Told[]): Promise<Server> {
  const server = createServer((request, response) => {
    let text = '';
    request.on('data', (piece: Buffer) => (text += piece.toString()));
    request.on('end', () => {
      told.push({ key: String(request.headers['idempotency-key']), body: JSON.parse(text) as Told['body'] });
      response.end('taken');
    });
  });
  return new Promise((resolve) => server.listen(PORT, '127.0.0.1', () => resolve(server)));
}

const ruleOf = (id: string, host: string, more = '') => `id: ${id}
name: Tell the hook of ${host}
match: { labels: { host: ${host} } }
action: { provider: hooks, params: { host: "{{ alert.labels.host }}" } }
targets: "{{ alert.labels.host }}"
approval: { required: always, expires_after: 30m }
risk: { level: low, reasons: [the hook is told] }
${more}`;

async function putRule(request: APIRequestContext, id: string, yaml: string) {
  const answer = await request.put(`api/v1/automation/rules/${id}`, { headers: { 'content-type': 'application/yaml' }, data: yaml });
  expect(answer.ok(), await answer.text()).toBe(true);
}

test('an alert leads to a proposal, a yes in the page to one action, and its run to its end', async ({ page, request, alerts }) => {
  const [id, host] = [`${alerts.host}-hook`, `${alerts.host}-told`];
  const told: Told[] = [];
  const server = await receiver(told);
  await putRule(request, id, ruleOf(id, host));
  await sendFailure(request, host);
  await page.goto('automation');
  await page.getByRole('list', { name: 'Waiting for approval' }).getByRole('button', { name: `Tell the hook of ${host}` }).click();
  const proposal = page.getByRole('article', { name: `Tell the hook of ${host}` });
  await expect(proposal.getByRole('region', { name: 'What would happen, line by line' })).toContainText(host);
  expect(told).toEqual([]);
  await proposal.getByRole('textbox', { name: 'Comment' }).fill('go on');
  await proposal.getByRole('button', { name: 'Approve' }).click();
  await proposal.getByRole('link', { name: 'Open the run' }).click();
  await expect(page.getByRole('list', { name: 'States' }).locator('[aria-current=step]')).toContainText('succeeded');
  expect(told).toHaveLength(1);
  expect(told[0]?.body).toMatchObject({ action: 'execute', params: { host } });

  // The address of a run opens it by itself, with all that belongs to the page.
  await page.reload();
  await expect(page.getByRole('heading', { name: `Tell the hook of ${host}` })).toBeVisible();
  await expect(page.getByRole('list', { name: 'Timeline' })).toContainText('go on');
  await page.getByRole('link', { name: 'Tocsin' }).click();
  await expect(page).toHaveURL(/\/$/);
  await page.goto('automation?view=audit');
  await expect(page.getByRole('list', { name: 'Audit trail' }).getByRole('listitem').filter({ hasText: 'approved' }).first()).toContainText('go on');
  server.close();
  expect((await request.delete(`api/v1/automation/rules/${id}`)).status()).toBe(204);
});

test('a rule is mended at the place that the server names, and brought back from an older version', async ({ page, request, alerts }) => {
  const id = `${alerts.host}-text`;
  await putRule(request, id, ruleOf(id, alerts.host));
  await page.goto(`automation?view=rules&rule=${id}`);
  const editor = page.getByRole('textbox', { name: 'The rule as YAML' });
  const first = await editor.inputValue();
  await editor.fill(`${first}verify:\n  expect: "alert.firing =="\n`);
  await page.getByRole('button', { name: /^Keep as version/ }).click();
  const mistake = page.getByRole('alert').filter({ hasText: 'verify.expect' });
  await mistake.getByRole('button', { name: /^Line/ }).click();
  expect(await editor.evaluate((area: HTMLTextAreaElement) => area.value.slice(area.selectionStart, area.selectionEnd))).toBe('  expect: "alert.firing =="');
  await editor.fill(first.replace('expires_after: 30m', 'expires_after: 45m'));
  await page.getByRole('button', { name: /^Keep as version/ }).click();
  const versions = page.getByRole('list', { name: 'Versions' }).getByRole('listitem');
  await expect(versions).toHaveCount(2);
  await versions.last().getByRole('button', { name: 'Compare' }).click();
  await expect(versions.last().getByRole('status')).toHaveText('What is in the editor differs in 2 lines.');
  await page.getByRole('button', { name: 'Replay' }).click();
  await expect(page.getByRole('status').filter({ hasText: 'It would have run' })).toBeVisible();
  await page.getByRole('button', { name: 'Delete' }).click();
  await page.getByRole('button', { name: `Yes, delete ${id}` }).click();
  await expect(page.getByRole('table', { name: 'Automation rules' }).or(page.getByRole('heading', { name: 'No rule yet' }))).toBeVisible();
});

test('everything is stopped and resumed, and a freeze holds', async ({ page }) => {
  await page.goto('automation?view=safety');
  await page.getByRole('button', { name: 'Stop everything' }).click();
  await page.getByRole('textbox', { name: 'Why' }).fill('a test');
  await page.getByRole('button', { name: 'Stop everything now' }).click();
  const banner = page.getByRole('status', { name: 'Automation is stopped' });
  await expect(banner).toContainText('A test.');
  await page.getByRole('button', { name: 'Resume automation' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Resume', exact: true }).click();
  await expect(banner).toHaveCount(0);
  await page.getByRole('button', { name: 'New freeze' }).click();
  await page.getByRole('textbox', { name: 'Why' }).fill('a freeze of the test');
  await page.getByRole('dialog').getByRole('button', { name: 'Freeze' }).click();
  await expect(page.getByRole('list', { name: 'Freezes' })).toContainText('holds now');
  await page.getByRole('button', { name: 'Take away the freeze a freeze of the test' }).click();
  await expect(page.getByRole('list', { name: 'Freezes' })).not.toContainText('a freeze of the test');
});
