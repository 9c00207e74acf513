import { expect, sendLine, test } from './seed';

test('a line that arrives is shown at once; a pause holds lines back', async ({ page, seed, request }) => {
  await page.goto(`tail?q=e2etail`);
  await expect(page.getByRole('status').filter({ hasText: 'Following' })).toBeVisible();
  await sendLine(request, seed.source, 'e2etail number one');
  const list = page.getByRole('grid', { name: 'Lines as they arrive' });
  await expect(list.getByText('number one')).toBeVisible();

  await page.getByRole('button', { name: 'Pause' }).click();
  await sendLine(request, seed.source, 'e2etail number two');
  await expect(page.getByText('1 line waiting')).toBeVisible();
  await expect(list.getByText('number two')).toBeHidden();
  await page.getByRole('button', { name: 'Resume' }).click();
  await expect(list.getByText('number two')).toBeVisible();
});

test('a filter that cannot be read is said, not retried', async ({ page }) => {
  await page.goto('tail?q=%22open');
  await expect(page.getByRole('alert')).toContainText('character');
});
