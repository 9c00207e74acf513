import type { Page } from '@playwright/test';

import { ALERT, CLOUD_RUN, DISK_RUN, FAILED_RUN, LIVE_RUN, OUTPUT } from './automation-data';
import { expect, sse, test } from './automation-seed';

const approvalOf = (page: Page, name: string) => page.getByRole('article', { name });
const POOL = 'Add a node to a pool that is overloaded';
const DISK = 'Remove old logs from a disk that is full';

test('an approval shows what, where, why and how it went so far, and is bound to the plan', async ({ page, automation }) => {
  await page.goto('automation');
  await expect(page.getByRole('link', { name: /Automation 2 waiting for approval/ })).toBeVisible();
  const pool = approvalOf(page, POOL);
  await expect(pool.getByText('-1 to destroy').or(pool.getByText('−1 to destroy'))).toBeVisible();
  await expect(pool.getByText('$(rm -rf /) {{ 7 * 7 }}')).toBeVisible();
  await expect(pool.locator('[data-kind=add]').first()).toContainText('+ resource "terraform_data" "node"');
  await expect(pool.locator('[data-kind=remove]')).toContainText('-/+ resource');
  await expect(pool.getByRole('list', { name: 'Stages' })).toContainText('1 of 2, asked now');
  await expect(pool.getByText(/expires in 8 min|expires in 9 min/)).toBeVisible();
  await expect(pool.getByText('value 0.97 > 0.9 for 5 min')).toBeVisible();
  const approve = pool.getByRole('button', { name: 'Approve' });
  await expect(approve).toBeDisabled();
  await pool.getByRole('checkbox', { name: 'I have seen that 1 thing is destroyed.' }).check();
  await pool.getByRole('textbox', { name: 'Comment' }).fill('the traffic is real');
  await approve.click();
  await expect(pool.getByRole('status').filter({ hasText: 'Ben said yes.' })).toBeVisible();
  const told = automation.told.find(({ path }) => path.endsWith('/approve'));
  expect(told?.path).toBe(`runs/${CLOUD_RUN}/approve`);
  expect(JSON.parse(told?.body ?? '')).toEqual({ plan: 'b'.repeat(64), comment: 'the traffic is real', channel: 'page' });

  // What was decided stays in sight; the next one comes when it is asked for.
  await pool.getByRole('button', { name: 'Next that waits' }).click();
  await expect(approvalOf(page, DISK)).toBeVisible();
  await expect(approvalOf(page, DISK).getByRole('list', { name: 'Last runs of the rule' })).toContainText('failed');
  await expect(page).toHaveURL(new RegExp(`run=${DISK_RUN}`));
});

test('when the plan has changed meanwhile nothing is sent', async ({ page, automation }) => {
  await page.goto(`automation?run=${DISK_RUN}`);
  const disk = approvalOf(page, DISK);
  await expect(disk.getByRole('button', { name: 'Approve' })).toBeEnabled();
  const run = automation.runs.find(({ id }) => id === DISK_RUN);
  if (!run?.plan_details) throw new Error('no plan');
  run.plan = 'e'.repeat(64);
  run.plan_details = { ...run.plan_details, hash: run.plan, preview: { ...run.plan_details.preview, text: '' } };
  await disk.getByRole('button', { name: 'Approve' }).click();
  await expect(disk.getByRole('alert')).toContainText('The plan has changed since you opened it. Nothing was sent.');
  expect(automation.told.filter(({ path }) => path.endsWith('/approve'))).toEqual([]);
  await expect(disk.getByRole('button', { name: 'Approve' })).toHaveCount(0);

  await disk.getByRole('button', { name: 'I have looked at the new plan' }).click();
  await disk.getByRole('button', { name: 'Approve' }).click();
  await expect.poll(() => automation.told.filter(({ path }) => path.endsWith('/approve')).map(({ body }) => (JSON.parse(body) as { plan: string }).plan)).toEqual(['e'.repeat(64)]);
});

test('a refusal is told in the words of the server, and a proposal can be rejected', async ({ page, automation }) => {
  automation.failing[`runs/${DISK_RUN}/approve`] = { status: 409, title: 'Refused', detail: 'you have said yes already; another person is asked' };
  await page.goto(`automation?run=${DISK_RUN}`);
  const disk = approvalOf(page, DISK);
  await disk.getByRole('button', { name: 'Approve' }).click();
  await expect(disk.getByRole('alert')).toContainText('The server did not take it. you have said yes already; another person is asked');
  await disk.getByRole('textbox', { name: 'Comment' }).fill('not on a Friday');
  await disk.getByRole('button', { name: 'Reject' }).click();
  await expect(disk.getByRole('status').filter({ hasText: 'Ben said no.' })).toBeVisible();
  expect(automation.told.at(-1)).toMatchObject({ path: `runs/${DISK_RUN}/reject` });
});

test('who is not known is told so', async ({ page, automation }) => {
  automation.me = { name: 'anonymous', is_known: false };
  for (const run of automation.runs) run.can = { approve: false, reject: false, cancel: false, rollback: false };
  await page.goto(`automation?run=${DISK_RUN}`);
  await expect(page.getByText('The server does not know who you are')).toBeVisible();
  await expect(approvalOf(page, DISK).getByRole('button', { name: 'Approve' })).toBeDisabled();
});

test('the queue goes by keyboard, and what is shown stays when the list changes', async ({ page, automation }) => {
  await page.goto('automation');
  await expect(approvalOf(page, POOL)).toBeVisible();
  await page.keyboard.press('j');
  await expect(approvalOf(page, DISK)).toBeVisible();
  await page.keyboard.press('a');
  await expect(page.getByRole('textbox', { name: 'Comment' })).toBeFocused();
  await page.keyboard.press('Tab');
  await page.locator('body').click({ position: { x: 700, y: 5 } });
  await page.keyboard.press('k');
  await expect(approvalOf(page, POOL)).toBeVisible();
  automation.runs = automation.runs.filter(({ id }) => id !== CLOUD_RUN);
  await expect(page.getByRole('list', { name: 'Waiting for approval' }).getByRole('button')).toHaveCount(1);
  await expect(approvalOf(page, DISK)).toHaveCount(0);
});

test('runs are found by state, and one is undone after a confirmation', async ({ page, automation }) => {
  await page.goto('automation?view=runs');
  const table = page.getByRole('table', { name: 'Runs' });
  await expect(table.getByRole('row')).toHaveCount(5);
  await page.getByRole('combobox', { name: 'State' }).selectOption('failed');
  await expect(page).toHaveURL(/status=failed/);
  await expect(table.getByRole('row')).toHaveCount(2);
  await expect(table).toContainText('did not help');
  await table.getByRole('link', { name: DISK, exact: true }).click();
  await expect(page).toHaveURL(new RegExp(`/automation/runs/${FAILED_RUN}$`));
  await expect(page.getByRole('log', { name: 'Output' })).toContainText('ok: [web-2]');
  const states = page.getByRole('list', { name: 'States' });
  await expect(states.getByRole('listitem')).toHaveText([/^proposed/, /^awaiting approval/, /^approved/, /^executing/, /^verifying/, /^failed/]);
  await page.getByRole('button', { name: 'Undo it' }).click();
  const dialog = page.getByRole('dialog', { name: 'Undo what the run did' });
  await dialog.getByRole('textbox', { name: 'Why' }).fill('it made things worse');
  await dialog.getByRole('button', { name: 'Undo it' }).click();
  await expect(page.getByText('rolling back').first()).toBeVisible();
  expect(automation.told).toEqual([{ method: 'POST', path: `runs/${FAILED_RUN}/rollback`, body: JSON.stringify({ reason: 'it made things worse' }) }]);
});

test('a run is followed by its address, through a lost connection, to its end', async ({ page, automation }) => {
  const run = automation.runs.find(({ id }) => id === LIVE_RUN);
  if (!run) throw new Error('no run');
  const more = 'TASK [clean] größe\n';
  const bytes = new TextEncoder().encode(more).length;
  const end = { ...run, state: 'succeeded', state_because: 'what was expected came', can: { ...run.can, cancel: false }, output_size: OUTPUT.length + bytes };
  automation.streams[LIVE_RUN] = [
    sse('run', run) + sse('output', { from: 0, text: OUTPUT, next: OUTPUT.length }),
    `: heartbeat\n\n${sse('run', run)}${sse('output', { from: 0, text: OUTPUT, next: OUTPUT.length })}${sse('output', { from: OUTPUT.length, text: more, next: OUTPUT.length + bytes })}${sse('run', end)}`,
  ];
  await page.goto(`automation/runs/${LIVE_RUN}`);
  const output = page.getByRole('log', { name: 'Output' });
  await expect(output).toContainText('ok: [web-2]');
  await expect(output).toHaveText(OUTPUT + more, { useInnerText: false });
  await expect(page.getByText('What was expected came.')).toBeVisible();
  await expect(page.getByText('reconnecting')).toHaveCount(0);
  await expect(page.getByRole('button', { name: 'Call it off' })).toHaveCount(0);
});

test('a run goes on to its end when it is called off', async ({ page, automation }) => {
  await page.goto(`automation/runs/${LIVE_RUN}`);
  await page.getByRole('button', { name: 'Call it off' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Leave it' }).click();
  expect(automation.told).toEqual([]);
  await page.getByRole('button', { name: 'Call it off' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Call it off' }).click();
  await expect(page.getByText('Called off by ben.')).toBeVisible();
  await page.goto('automation/runs/01a2235b-4a65-7000-948a-5c920d837bff');
  await expect(page.getByRole('heading', { name: 'This run is not kept any more' })).toBeVisible();
  await page.goto('automation/runs');
  await expect(page.getByRole('table', { name: 'Runs' })).toBeVisible();
});

test('everything is stopped with a reason, on every page, and resumed', async ({ page, automation }) => {
  await page.goto('automation?view=safety');
  await page.getByRole('button', { name: 'Stop everything' }).click();
  const dialog = page.getByRole('dialog', { name: 'Stop all automation' });
  await expect(dialog.getByRole('button', { name: 'Stop everything now' })).toBeDisabled();
  await dialog.getByRole('textbox', { name: 'Why' }).fill('the playbook deletes too much');
  await dialog.getByRole('button', { name: 'Stop everything now' }).click();
  const banner = page.getByRole('status', { name: 'Automation is stopped' });
  await expect(banner).toContainText('All automation is stopped by ben');
  await page.getByRole('link', { name: 'Patterns' }).or(page.getByRole('link', { name: 'Clusters and patterns' })).click();
  await expect(banner).toContainText('The playbook deletes too much.');
  await banner.getByRole('link', { name: 'Look at it' }).click();
  await page.getByRole('button', { name: 'Resume automation' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Resume', exact: true }).click();
  await expect(banner).toHaveCount(0);
  expect(automation.told.map(({ path }) => path)).toEqual(['stop', 'resume']);
});

test('freezes are made and taken away, and the budget is shown', async ({ page, automation }) => {
  await page.goto('automation?view=safety');
  await expect(page.getByText('20 within 1 h')).toBeVisible();
  await page.getByRole('button', { name: 'New freeze' }).click();
  const dialog = page.getByRole('dialog', { name: 'New freeze' });
  await dialog.getByRole('button', { name: 'Freeze' }).click();
  await expect(dialog.getByRole('alert')).toHaveText('Say why nothing may begin.');
  await dialog.getByRole('textbox', { name: 'Why' }).fill('release week');
  await dialog.getByRole('button', { name: 'Freeze' }).click();
  const freezes = page.getByRole('list', { name: 'Freezes' });
  await expect(freezes).toContainText('holds now');
  await expect(page.getByRole('status').filter({ hasText: 'Frozen until' })).toContainText('release week');
  await page.getByRole('button', { name: 'Take away the freeze release week' }).click();
  await expect(freezes.getByRole('listitem')).toHaveCount(1);
  expect(automation.safety.freezes.map(({ reason }) => reason)).toEqual(['no changes at night']);
});

test('what an alert could get is tested first, then proposed', async ({ page, automation }) => {
  await page.goto(`alerts?alert=${ALERT}&status=all`);
  const drawer = page.getByRole('complementary', { name: 'Alert' });
  await expect(drawer.getByRole('list', { name: 'Actions' })).toContainText('executing');
  await drawer.getByRole('button', { name: 'Propose an action…' }).click();
  const dialog = page.getByRole('dialog', { name: 'Propose an action' });
  await dialog.getByRole('combobox', { name: 'Rule' }).selectOption('clean_full_disk');
  await expect(dialog.getByRole('status', { name: 'What the rule makes of the alert' })).toContainText('It matches. Its failure type is disk_full');
  expect(automation.told.map(({ path }) => path)).toEqual(['rules/test']);
  await dialog.getByRole('button', { name: 'Propose it' }).click();
  await dialog.getByRole('link', { name: 'Open the run' }).click();
  await expect(page).toHaveURL(new RegExp(`/automation/runs/${DISK_RUN}$`));
  expect(automation.told.at(-1)).toMatchObject({ path: 'rules/clean_full_disk/propose', body: JSON.stringify({ alert: ALERT }) });
});
