import { expect, test } from './seed';

test('a line opens in the drawer with its context, its likes and its pattern', async ({ page, seed }) => {
  await page.goto(`search?source=${seed.source}&q=etimedout`);
  await page.getByRole('grid', { name: 'Log lines' }).getByRole('row').nth(2).click();
  const drawer = page.getByRole('complementary', { name: 'Log line' });
  await expect(drawer.getByText('e2e-host-')).toBeVisible();
  await expect(page).toHaveURL(/record=/);

  await drawer.getByRole('tab', { name: 'Context' }).click();
  const context = drawer.getByRole('list', { name: 'Lines around this one' });
  await expect(context.locator('[aria-current=true]')).toContainText('ETIMEDOUT');
  await expect(context.getByText('Accepted password').first()).toBeVisible();

  await drawer.getByRole('tab', { name: 'Similar lines' }).click();
  await expect(drawer.getByRole('list', { name: 'Similar lines' }).getByRole('listitem').first()).toContainText('ETIMEDOUT');

  await drawer.getByRole('tab', { name: 'Pattern' }).click();
  await expect(drawer.getByRole('heading', { name: 'Variables' })).toBeVisible();

  await page.reload();
  await expect(drawer.getByRole('tab', { name: 'Pattern' })).toHaveAttribute('aria-selected', 'true');
  await drawer.getByRole('button', { name: 'Close the line' }).click();
  await expect(page).not.toHaveURL(/record=/);
});

test('lines are read by keyboard', async ({ page, seed }) => {
  await page.goto(`search?source=${seed.source}`);
  const grid = page.getByRole('grid', { name: 'Log lines' });
  await expect(grid.getByRole('row').first()).toBeVisible();
  await page.keyboard.press('j');
  await page.keyboard.press('j');
  await expect(grid.getByRole('row').nth(1)).toHaveAttribute('aria-selected', 'true');
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/record=/);
  const before = page.url();
  await page.keyboard.press('k');
  await expect(page).not.toHaveURL(before);
  await page.keyboard.press('Escape');
  await expect(page).not.toHaveURL(/record=/);
  await page.keyboard.press('/');
  await expect(page.getByRole('textbox', { name: 'Search the logs' })).toBeFocused();
});

test('an attribute becomes a filter', async ({ page, seed }) => {
  await page.goto(`search?source=${seed.source}&q=etimedout`);
  await page.getByRole('grid', { name: 'Log lines' }).getByRole('row').first().click();
  await page.getByRole('button', { name: 'Only lines with gateway stripe' }).click();
  await expect(page.getByRole('textbox', { name: 'Search the logs' })).toHaveValue('etimedout gateway:stripe');
  await expect(page.getByRole('status').filter({ hasText: '30 lines' })).toBeVisible();
});
