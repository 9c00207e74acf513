import { expect, test } from './seed';

test('patterns lead to their lines', async ({ page, seed }) => {
  await page.goto(`patterns?view=templates&source=${seed.source}`);
  await page.getByRole('searchbox', { name: 'Filter by text' }).fill('stripe');
  const pattern = page.getByRole('table', { name: 'Patterns' }).getByRole('link').filter({ hasText: 'stripe' }).first();
  await pattern.click();
  await expect(page).toHaveURL(/search\?.*template=[0-9a-f]{16}/);
  await expect(page.getByRole('grid', { name: 'Log lines' }).getByText('ETIMEDOUT').first()).toBeVisible();
});

test('clusters open to show their patterns', async ({ page, seed }) => {
  await page.goto(`patterns?source=${seed.source}`);
  const table = page.getByRole('table', { name: 'Clusters' });
  await expect(table.getByRole('row').nth(1)).toBeVisible({ timeout: 90_000 });
  const rows = await table.getByRole('row').count();
  await table.getByRole('button', { name: 'Show its patterns' }).first().click();
  await expect.poll(() => table.getByRole('row').count()).toBeGreaterThan(rows);
});
