import { expect, test } from './seed';

test('the first screen says what is read and how to send more', async ({ page, seed, baseURL }) => {
  await page.goto('');
  await expect(page.getByRole('heading', { name: /^(Reading|Watching) \d+ source/ })).toBeVisible();
  await page.getByRole('link', { name: /Details|All \d+ sources/ }).click();
  await expect(page).toHaveURL(/\/sources/);
  await expect(page.getByRole('link', { name: seed.source, exact: true })).toBeVisible();

  await page.getByRole('link', { name: 'Start' }).click();
  await page.getByRole('tab', { name: 'Loki' }).click();
  const address = new URL(baseURL ?? '').host;
  await expect(page.getByText(`${address}/loki/api/v1/push`).first()).toBeVisible();
});

test('a question on the first screen becomes a search', async ({ page }) => {
  await page.goto('');
  await page.getByRole('textbox', { name: 'Ask the logs in plain words' }).fill('payment provider is down');
  await page.getByRole('button', { name: 'Ask', exact: true }).click();
  await expect(page).toHaveURL(/search\?q=payment\+provider\+is\+down/);
});

test('commands are found and performed by keyboard', async ({ page }) => {
  await page.goto('');
  await expect(page.getByRole('button', { name: 'Ask', exact: true })).toBeVisible();
  await page.keyboard.press('Control+k');
  await page.getByRole('combobox', { name: 'Command or search' }).fill('live');
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/\/tail/);
  await page.keyboard.press('?');
  await expect(page.getByRole('dialog', { name: 'Keyboard shortcuts' })).toBeVisible();
});

test('while a store is away the rest is shown, and which one is missing', async ({ page }) => {
  const missing = [{ name: 'logs', ready: false, detail: 'ClickHouse at ch:8123 does not answer' }];
  await page.route('**/api/v1/stats', async (route) => {
    const stats = (await (await route.fetch()).json()) as object;
    await route.fulfill({ json: { ...stats, records: null, raw_bytes: null, disk_bytes: null, blocks: null, head_records: null, missing } });
  });
  await page.goto('system');
  await expect(page.getByText('The store of lines does not answer.')).toBeVisible();
  await expect(page.getByText('ClickHouse at ch:8123 does not answer')).toBeVisible();
  await expect(page.getByText('Lines held').locator('..')).toContainText('–');
  await expect(page.getByText('Running for').locator('..')).toContainText('since');
  await page.goto('');
  await expect(page.getByText(/^– lines held/)).toBeVisible();
  await page.getByRole('link', { name: 'logs away' }).click();
  await expect(page).toHaveURL(/\/system/);
});

test('on a narrow screen the first screen begins at its top', async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 700 });
  await page.goto('');
  await expect(page.getByRole('tab', { name: 'Loki' })).toBeAttached();
  await expect(page.getByRole('heading', { level: 1 })).toBeInViewport();
});
