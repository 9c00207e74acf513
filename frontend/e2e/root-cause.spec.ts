import { expect, test } from './alert-seed';

const VERDICT = /^(The likely cause is|No cause is certain)/;

test('the cause of an alert is looked for, and summed up', async ({ page, alerts, request }) => {
  const answer = await request.get('api/v1/alerts', { params: { label: `host="${alerts.host}-1"` } });
  const [alert] = ((await answer.json()) as { items: { id: string }[] }).items;
  await page.goto(`alerts?alert=${alert?.id ?? ''}&status=all`);
  const drawer = page.getByRole('complementary', { name: 'Alert' });
  await drawer.getByRole('button', { name: /^(Find the cause|Analyse again)$/ }).click();
  await expect(drawer.getByRole('heading', { name: VERDICT })).toBeVisible();
  await expect(drawer.getByRole('button', { name: 'Analyse again' })).toBeEnabled();
  await drawer.getByRole('button', { name: 'Analyse again' }).click();
  // A report that says the same is no new revision.
  await expect(drawer.getByRole('status').filter({ hasText: 'nothing has changed' }).or(drawer.getByRole('combobox', { name: 'Revision of the report' }))).toBeVisible();
  await drawer.getByRole('button', { name: 'Summarise' }).click();
  await expect(drawer.getByRole('button', { name: 'Copy as Markdown' })).toBeVisible();
});

test('an incident has its cause, a summary and a draft of its post-mortem', async ({ page, alerts, request }) => {
  const answer = await request.get('api/v1/alerts', { params: { label: `host="${alerts.host}-1"` } });
  const [alert] = ((await answer.json()) as { items: { incident?: string | null }[] }).items;
  test.skip(!alert?.incident, 'the alert belongs to no incident');
  await page.goto(`incidents?incident=${alert?.incident ?? ''}`);
  await page.getByRole('button', { name: /^(Find the cause|Analyse again)$/ }).click();
  await expect(page.getByRole('heading', { name: VERDICT })).toBeVisible();
  await page.getByRole('button', { name: 'Post-mortem draft' }).click();
  const download = page.waitForEvent('download');
  await page.getByRole('link', { name: 'Download' }).click();
  expect((await download).suggestedFilename()).toBe('tocsin-post-mortem.md');
});

test('a change that was told is listed, filtered, and links only to the web', async ({ page, request }) => {
  const entity = `e2e-shop-${Date.now()}`;
  const told = await request.post('api/v1/changes', { data: { kind: 'deploy', entity, title: `deploy of ${entity} 2.0 <b>now</b>`, actor: 'anna', url: 'https://ci.example/run/7' } });
  expect(told.status(), await told.text()).toBe(201);
  await page.goto('changes?from=now-1h');
  const row = page.getByRole('row').filter({ hasText: `deploy of ${entity} 2.0 <b>now</b>` });
  await expect(row).toContainText('anna');
  await expect(row.getByRole('link', { name: 'ci.example' })).toHaveAttribute('rel', /noopener/);
  await row.getByRole('button', { name: entity }).click();
  await expect(page).toHaveURL(new RegExp(`entity=${entity}`));
  await page.getByRole('combobox', { name: 'Kind of change' }).selectOption('restart');
  await expect(page.getByRole('heading', { name: 'No change' })).toBeVisible();
});

test('the digest, the runbooks and the ledger of the model are there', async ({ page }) => {
  await page.goto('digest');
  await expect(page.getByRole('button', { name: 'Copy as Markdown' })).toBeVisible();
  await page.goto('runbooks');
  await page.getByRole('link', { name: 'Alerts of this type' }).first().click();
  await expect(page).toHaveURL(/alerts\?.*failure_type=/);
  await page.goto('system?view=model');
  await expect(page.getByText('rules, without a model')).toBeVisible();
  await expect(page.getByRole('heading', { name: 'Nothing left this machine' })).toBeVisible();
});
