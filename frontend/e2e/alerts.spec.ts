import { alertsOf, countAlerts, expect, sendFailure, test } from './alert-seed';

test('a line that means trouble is shown as it comes, with a notice', async ({ page, alerts, request }) => {
  const host = `${alerts.host}-live`;
  await page.goto(alertsOf(host));
  await expect(page.getByRole('status').filter({ hasText: 'live' })).toBeVisible();
  await expect(page.getByRole('heading', { name: 'No alert fits' })).toBeVisible();
  await sendFailure(request, host);
  await expect(page.getByRole('table', { name: 'Alerts' }).getByText(host).first()).toBeVisible();
  await expect(page.getByRole('log', { name: 'Notices' })).not.toBeEmpty();
});

test('nothing is lost or doubled when the connection is cut', async ({ page, context, alerts, request }) => {
  const host = `${alerts.host}-cut`;
  await page.goto(alertsOf(host));
  await expect(page.getByRole('status').filter({ hasText: 'live' })).toBeVisible();
  await context.setOffline(true);
  for (const own of [1, 2, 3]) await sendFailure(request, `${host}-${own}`);
  await context.setOffline(false);
  const rows = page.getByRole('table', { name: 'Alerts' }).locator('tr[id^=alert-]');
  for (const own of [1, 2, 3]) await expect(rows.filter({ hasText: `${host}-${own}` })).not.toHaveCount(0);
  const told = await Promise.all([1, 2, 3].map((own) => countAlerts(request, `${host}-${own}`)));
  await expect(rows).toHaveCount(told.reduce((sum, count) => sum + count, 0));
});

test('alerts are triaged by keyboard', async ({ page, alerts, request }) => {
  const host = `${alerts.host}-1`;
  await page.goto(alertsOf(host));
  await expect(page.getByRole('table', { name: 'Alerts' }).getByText(host).first()).toBeVisible();
  await page.keyboard.press('j');
  await page.keyboard.press('a');
  await expect.poll(() => countAlerts(request, host, 'acknowledged')).toBeGreaterThan(0);

  await page.keyboard.press('Enter');
  const drawer = page.getByRole('complementary', { name: 'Alert' });
  await expect(drawer.getByRole('list', { name: 'Evidence' })).toContainText('Missing price for product');
  await expect(drawer.getByRole('list', { name: 'Timeline' })).toContainText('Acknowledged');
  await page.keyboard.press('c');
  await page.getByRole('dialog').getByRole('textbox', { name: 'Comment' }).fill('prices are being imported');
  await page.getByRole('dialog').getByRole('button', { name: 'Comment' }).click();
  await expect(drawer.getByRole('list', { name: 'Timeline' })).toContainText('prices are being imported');
  await page.keyboard.press('Escape');
  await expect(drawer).toBeHidden();

  // Keys mean letters while somebody types.
  await page.getByRole('searchbox', { name: 'Words of title or labels' }).fill('r');
  await expect(page).toHaveURL(/q=r/);
  await expect.poll(() => countAlerts(request, host, 'resolved')).toBe(0);
});

test('selected alerts are resolved together, and leave the list', async ({ page, alerts, request }) => {
  const host = `${alerts.host}-2`;
  await page.goto(alertsOf(host, '&group=host'));
  await expect(page.getByRole('rowheader', { name: new RegExp(host) })).toBeVisible();
  await page.getByRole('checkbox', { name: 'Select all alerts' }).check();
  await page.getByRole('toolbar', { name: 'The selected alerts' }).getByRole('button', { name: 'Resolve' }).click();
  await expect(page.getByRole('heading', { name: 'No alert fits' })).toBeVisible();
  await expect.poll(() => countAlerts(request, host, 'resolved')).toBeGreaterThan(0);
});

test('a silence is made from an alert, and its evidence opens', async ({ page, alerts }) => {
  await page.goto(alertsOf(`${alerts.host}-1`));
  await page.getByRole('table', { name: 'Alerts' }).locator('tr[id^=alert-]').first().click();
  const drawer = page.getByRole('complementary', { name: 'Alert' });
  await drawer.getByRole('button', { name: 'Silence alerts like this' }).click();
  const dialog = page.getByRole('dialog', { name: 'Silence alerts like this' });
  await expect(dialog.getByRole('status')).toContainText(/It would hold [1-9]/);
  await dialog.getByRole('button', { name: 'Silence', exact: true }).click();
  await expect(drawer.getByRole('list', { name: 'Held back' })).toContainText('Silenced');
  await drawer.getByRole('button', { name: 'Why did it fire?' }).click();
  await expect(drawer.getByText(/^(fired|pending|not met|no data)/).first()).toBeVisible();
  await drawer.getByRole('list', { name: 'Evidence' }).getByRole('link').first().click();
  await expect(page).toHaveURL(/\/search\?/);
});
