import { expect, test } from './alert-seed';

test('an incident is opened from its alert, renamed, and acknowledged with its alerts', async ({ page, alerts, request }) => {
  const answer = await request.get('api/v1/alerts', { params: { label: `host="${alerts.host}-1"` } });
  const [alert] = ((await answer.json()) as { items: { id: string; incident?: string | null }[] }).items;
  test.skip(!alert?.incident, 'the alert belongs to no incident');
  await page.goto(`incidents?incident=${alert?.incident ?? ''}`);
  await expect(page.getByRole('list', { name: 'Alerts of the incident' })).toContainText(alerts.host);
  await expect(page.getByRole('list', { name: 'Timeline' })).toContainText('It fired');

  await page.getByRole('button', { name: 'Rename' }).click();
  const title = `Prices of ${alerts.host}`;
  await page.getByRole('dialog').getByRole('textbox', { name: 'Title' }).fill(title);
  await page.getByRole('dialog').getByRole('button', { name: 'Rename' }).click();
  await expect(page.getByRole('heading', { name: title, level: 1 })).toBeVisible();
  await page.getByRole('button', { name: 'Pin', exact: true }).click();
  await expect(page.getByRole('button', { name: 'Unpin' })).toBeVisible();
  await page.getByRole('link', { name: 'All incidents' }).click();
  await expect(page.getByRole('region', { name: 'Incidents' }).getByRole('link', { name: title })).toBeVisible();
});
