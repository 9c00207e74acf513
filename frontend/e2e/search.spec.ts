import type { Page } from '@playwright/test';

import { expect, test } from './seed';

const rows = (page: Page) => page.getByRole('grid', { name: 'Log lines' }).getByRole('row');

test('words find lines, exactly counted, with what matched marked', async ({ page, seed }) => {
  await page.goto(`search?source=${seed.source}`);
  await page.getByRole('textbox', { name: 'Search the logs' }).fill('etimedout');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('status').filter({ hasText: '30 lines' })).toBeVisible();
  await expect(rows(page).first().locator('mark')).toHaveText('ETIMEDOUT');
});

test('a query that cannot be read says where', async ({ page }) => {
  await page.goto('search?q=%22unbalanced');
  await expect(page.getByRole('alert')).toContainText(/character/);
  await expect(page.getByRole('button', { name: 'Try again' })).toBeVisible();
});

for (const mode of ['Semantic', 'Hybrid'] as const) {
  test(`${mode} search answers, or says why it cannot`, async ({ page, seed }) => {
    await page.goto(`search?source=${seed.source}&q=the+payment+provider+does+not+answer`);
    await page.getByRole('radio', { name: mode }).click();
    await expect(page).toHaveURL(new RegExp(`mode=${mode.toLowerCase()}`));
    const found = rows(page).filter({ hasText: 'gateway stripe' }).first();
    const off = page.getByText(/semantic search is off|Search the text instead/i).first();
    await expect(found.or(off)).toBeVisible();
  });
}

test('dragging across the histogram sets the time range, and back undoes it', async ({ page, seed }) => {
  await page.goto(`search?source=${seed.source}`);
  const chart = page.getByRole('img', { name: /^Lines over time/ });
  await expect(chart.locator('canvas')).toBeVisible();
  const box = await chart.boundingBox();
  if (!box) throw new Error('the histogram has no place');
  await page.mouse.move(box.x + box.width * 0.3, box.y + 40);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.6, box.y + 40, { steps: 5 });
  await page.mouse.up();
  await expect(page).toHaveURL(/from=\d{4}-.*to=\d{4}-/);
  await page.goBack();
  await expect(page).not.toHaveURL(/from=/);
});

test('the legend and the fields narrow the search', async ({ page, seed }) => {
  await page.goto(`search?source=${seed.source}`);
  await page.getByRole('group', { name: 'Severities' }).getByRole('button', { name: /error/ }).click();
  await expect(page).toHaveURL(/severity=error/);
  await expect(page.getByRole('status').filter({ hasText: '30 lines' })).toBeVisible();
  await page.getByRole('complementary', { name: 'Fields' }).getByRole('button', { name: /^e2e-host-1/ }).click();
  await expect(page.getByRole('status').filter({ hasText: '15 lines' })).toBeVisible();
  await page.getByRole('button', { name: 'Clear filters' }).click();
  await expect(page).not.toHaveURL(/severity=|host=|source=/);
});

test('an empty result says why and offers a way on', async ({ page, seed }) => {
  await page.goto(`search?source=${seed.source}&q=nosuchwordanywhere`);
  await expect(page.getByRole('heading', { name: 'No line matches' })).toBeVisible();
  await page.getByRole('button', { name: 'Clear the query' }).click();
  await expect(rows(page).first()).toBeVisible();
});

test('export downloads every line of the search', async ({ page, seed }) => {
  await page.goto(`search?source=${seed.source}&q=etimedout`);
  await page.getByRole('button', { name: 'Export these lines' }).click();
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('menuitem', { name: /NDJSON/ }).click()]);
  expect(download.suggestedFilename()).toMatch(/\.ndjson$/);
  const stream = await download.createReadStream();
  let text = '';
  for await (const part of stream) text += String(part);
  expect(text.trim().split('\n')).toHaveLength(30);
});

test('deleting asks for the count first', async ({ page, seed }) => {
  await page.goto(`search?source=${seed.source}&q=etimedout`);
  await page.getByRole('button', { name: 'Delete matching…' }).click();
  const dialog = page.getByRole('dialog', { name: 'Delete matching lines' });
  await expect(dialog.getByText('30 lines would be deleted.')).toBeVisible();
  const button = dialog.getByRole('button', { name: 'Delete 30 lines' });
  await expect(button).toBeDisabled();
  await dialog.getByRole('textbox').fill('30');
  await expect(button).toBeEnabled();
});
