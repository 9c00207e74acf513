import { alert } from './automation-data';
import { expect, test } from './automation-seed';

test('rules are switched, and how they did is shown', async ({ page, automation }) => {
  await page.goto('automation?view=rules');
  const row = page.getByRole('row').filter({ hasText: 'restart_service' });
  await expect(row).toContainText(/33 %.*of 9/);
  await expect(row.getByText('propose only')).toBeVisible();
  await row.getByRole('switch', { name: 'Rule restart_service is on' }).click();
  await expect(row.getByRole('switch', { name: 'Rule restart_service is on' })).not.toBeChecked();
  await row.getByRole('switch', { name: 'Rule restart_service only plans' }).click();
  await expect(row.getByRole('switch', { name: 'Rule restart_service only plans' })).toBeChecked();
  const cooldown = row.getByRole('textbox', { name: 'Cooldown of restart_service' });
  await cooldown.fill('soon');
  await cooldown.press('Enter');
  await expect(cooldown).toHaveAttribute('aria-invalid', 'true');
  await cooldown.fill('1h 30m');
  await cooldown.press('Enter');
  await expect(cooldown).toHaveValue('90m');
  expect(automation.told.map(({ method, body }) => [method, JSON.parse(body) as unknown])).toEqual([
    ['PATCH', { enabled: false }],
    ['PATCH', { dry_run: true }],
    ['PATCH', { cooldown_secs: 5400 }],
  ]);
});

test('a mistake is shown at its place, and a rule is kept as text', async ({ page, automation }) => {
  automation.failing['rules/clean_full_disk'] = { status: 400, title: 'Bad request', detail: 'line 25: automation `clean_full_disk`: `verify.expect`: expected a condition' };
  await page.goto('automation?view=rules&rule=clean_full_disk');
  const editor = page.getByRole('textbox', { name: 'The rule as YAML' });
  const keep = page.getByRole('button', { name: 'Keep as version 4' });
  await expect(keep).toBeDisabled();
  const before = await editor.inputValue();
  await editor.fill(before.replace('< 0.9', '<'));
  await keep.click();
  const mistake = page.getByRole('alert').filter({ hasText: 'verify.expect' });
  await mistake.getByRole('button', { name: 'Line 25' }).click();
  await expect(editor).toBeFocused();
  expect(await editor.evaluate((area: HTMLTextAreaElement) => area.value.slice(area.selectionStart, area.selectionEnd))).toBe('  expect: metrics.used_ratio <');

  automation.failing = {};
  await editor.fill(before.replace('keep_days: 7', 'keep_days: 14'));
  await expect(mistake).toHaveCount(0);
  await editor.press('Control+s');
  await expect(page.getByRole('button', { name: 'Keep as version 5' })).toBeDisabled();
  expect(automation.told.at(-1)).toMatchObject({ method: 'PUT', path: 'rules/clean_full_disk', body: before.replace('keep_days: 7', 'keep_days: 14') });
});

test('a switch is not taken back by a text from before it', async ({ page, automation }) => {
  await page.goto('automation?view=rules&rule=clean_full_disk');
  const editor = page.getByRole('textbox', { name: 'The rule as YAML' });
  const before = await editor.inputValue();
  const turn = (yaml: string) => Object.assign(automation.rules[0] ?? {}, { yaml, version: (automation.rules[0]?.version ?? 0) + 1 });
  turn(before.replace('enabled: true', 'enabled: false'));
  await page.getByRole('switch', { name: 'Rule clean_full_disk is on' }).click();
  await expect(editor).toHaveValue(/enabled: false/);
  await editor.fill('id: clean_full_disk\n');
  turn(before);
  await page.getByRole('switch', { name: 'Rule clean_full_disk is on' }).click();
  await page.getByRole('button', { name: 'Show version 5' }).click();
  await expect(editor).toHaveValue(before);
});

test('a rule is tried on an alert as it is written, and over history', async ({ page, automation }) => {
  await page.route('**/api/v1/alerts?*', (route) => route.fulfill({ json: { items: [alert], next_cursor: null } }));
  await page.goto('automation?view=rules&rule=clean_full_disk');
  await page.getByRole('list', { name: 'Alerts to test on' }).getByRole('button').click();
  await expect(page.getByRole('status', { name: 'What the rule makes of the alert' })).toContainText('playbook clean-disk.yml');
  expect(JSON.parse(automation.told.at(-1)?.body ?? '')).toMatchObject({ rule: 'clean_full_disk' });
  const editor = page.getByRole('textbox', { name: 'The rule as YAML' });
  await editor.fill('id: clean_full_disk\n');
  await page.getByRole('button', { name: 'Replay' }).click();
  await expect(page.getByRole('status').filter({ hasText: 'would have run' })).toHaveText('It would have run 3 times: of 412 alerts it matches 5, and throttle or cooldown hold back 2.');
  await expect(page.getByRole('list', { name: 'Runs that would have been' }).getByRole('listitem')).toHaveCount(3);
  expect(JSON.parse(automation.told.at(-1)?.body ?? '')).toMatchObject({ yaml: 'id: clean_full_disk\n' });
});

test('versions are compared and brought back, and a rule is deleted at the second press', async ({ page, automation }) => {
  await page.goto('automation?view=rules&rule=clean_full_disk');
  const second = page.getByRole('list', { name: 'Versions' }).getByRole('listitem').filter({ hasText: 'Version 2' });
  await second.getByRole('button', { name: 'Compare' }).click();
  await expect(second.getByRole('status')).toHaveText('What is in the editor differs in 2 lines.');
  await expect(second.locator('[data-kind=remove]')).toContainText('keep_days: 30');
  await second.getByRole('button', { name: 'Bring into the editor' }).click();
  await expect(page.getByRole('textbox', { name: 'The rule as YAML' })).toHaveValue(/keep_days: 30/);
  await page.getByRole('button', { name: 'Keep as version 4' }).click();
  await expect.poll(() => automation.rules[0]?.yaml).toContain('keep_days: 30');
  await page.getByRole('button', { name: 'Delete' }).click();
  await page.getByRole('button', { name: 'Yes, delete clean_full_disk' }).click();
  await expect(page.getByRole('table', { name: 'Automation rules' }).getByRole('row')).toHaveCount(3);
});

test('a new rule takes the id in its text', async ({ page, automation }) => {
  await page.goto('automation?view=rules');
  await page.getByRole('button', { name: 'New rule' }).click();
  const editor = page.getByRole('textbox', { name: 'The rule as YAML' });
  const start = await editor.inputValue();
  await editor.fill(start.replace('id: new_rule', 'id: clean_full_disk'));
  await expect(page.getByRole('alert')).toHaveText('There is a rule clean_full_disk already: give this one another id.');
  await expect(page.getByRole('button', { name: 'Make the rule' })).toBeDisabled();
  await editor.fill(start.replace('id: new_rule', 'id: tidy'));
  automation.failing['rules/tidy'] = { status: 400, title: 'Bad request', detail: '`name`: expected a name', errors: [{ field: 'name', detail: 'expected a name' }] };
  await page.getByRole('button', { name: 'Make the rule' }).click();
  await expect(page.getByRole('button', { name: 'Line 2' })).toBeVisible();
  expect(automation.told.at(-1)).toMatchObject({ method: 'PUT', path: 'rules/tidy' });
});

test('runbooks name their rules, providers are tested, and the trail is exported', async ({ page, automation }) => {
  await page.route('**/api/v1/runbooks', (route) => route.fulfill({ json: { items: [{ failure_type: 'disk_full', title: 'A disk is full', steps: ['Look'] }, { failure_type: 'oom', title: 'Out of memory', steps: ['Look'] }] } }));
  await page.goto('automation?view=runbooks');
  await expect(page.getByRole('list', { name: 'Rules for disk_full' }).getByRole('link')).toHaveText(['Remove old logs from a disk that is full']);
  await expect(page.getByText('No rule proposes anything for it.')).toHaveCount(1);

  await page.getByRole('tab', { name: 'Providers' }).click();
  const cloud = page.getByRole('list', { name: 'Providers' }).getByRole('listitem').filter({ hasText: 'cloud' });
  await expect(cloud).toContainText('not ready');
  await page.getByRole('button', { name: 'Test cloud' }).click();
  await expect(cloud).toContainText('The token is good.');
  expect(automation.told.map(({ path }) => path)).toEqual(['providers/cloud/check']);

  await page.getByRole('tab', { name: 'Audit' }).click();
  await expect(page.getByRole('list', { name: 'Audit trail' })).toContainText('Ana said yes.');
  await page.getByRole('button', { name: 'Export' }).click();
  await page.getByRole('textbox', { name: 'From' }).fill('2026-01-01 00:00');
  await expect(page.getByRole('link', { name: 'NDJSON' })).toHaveAttribute('href', /api\/v1\/automation\/audit\/export\?format=ndjson&from=20\d\d-/);
});
