import type { Page } from '@playwright/test';

import { expect, test } from './metrics-seed';

const chart = (page: Page, name: RegExp | string) => page.getByRole('img', { name });

test('a series is found, drawn, and compared with another one', async ({ page, metrics }) => {
  await page.goto('series');
  await page.getByRole('searchbox', { name: 'Search name and labels' }).fill(`${metrics.host} latency`);
  const list = page.getByRole('list', { name: 'Series', exact: true });
  const mine = list.getByRole('listitem').filter({ hasText: metrics.host });
  await mine.getByRole('link', { name: /e2e_latency_ms/ }).click();
  await expect(page).toHaveURL(/series=[0-9a-f]{16}/);
  await expect(chart(page, /^e2e_latency_ms over time/).locator('canvas')).toBeVisible();
  await expect(page.getByRole('list', { name: 'Legend' })).toContainText('expected');

  await page.getByRole('searchbox', { name: 'Search name and labels' }).fill(`${metrics.host} requests`);
  await mine.getByRole('button', { name: 'Add a chart of e2e_requests_total' }).click();
  await expect(page).toHaveURL(/series=[0-9a-f]{16},[0-9a-f]{16}/);
  const rate = chart(page, /^e2e_requests_total over time, now 2\/s/);
  await expect(rate.locator('canvas')).toBeVisible();
  await page.reload();
  await expect(rate.locator('canvas')).toBeVisible();
});

test('the pointer is on all charts at the same time, and dragging zooms all', async ({ page, metrics }) => {
  await page.goto(`series?match={host="${metrics.host}",__name__=~"e2e_.*"}&below=logs`);
  const list = page.getByRole('list', { name: 'Series', exact: true });
  await list.getByRole('link', { name: /e2e_latency_ms/ }).click();
  await list.getByRole('button', { name: 'Add a chart of e2e_requests_total' }).click();
  const first = chart(page, /^e2e_latency_ms over time/);
  const second = chart(page, /^e2e_requests_total over time/);
  await expect(second.locator('canvas')).toBeVisible();
  await expect(page.getByText(`1 line of ${metrics.host}`).first()).toBeVisible();
  await first.scrollIntoViewIfNeeded();
  const box = await first.boundingBox();
  if (!box) throw new Error('the chart has no place');
  await page.mouse.move(box.x + box.width * 0.5, box.y + 80);
  await expect(first.getByText('value')).toBeVisible();
  await expect(second.getByText('value')).toBeVisible();
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.8, box.y + 80, { steps: 5 });
  await page.mouse.up();
  await expect(page).toHaveURL(/from=\d{4}-.*to=\d{4}-/);
  await page.goBack();
  await expect(page).not.toHaveURL(/from=/);
});

test('a forecast says its model and whether it can be trusted; last week is drawn beside', async ({ page, metrics }) => {
  await page.goto(`series?match=host_filesystem_used_ratio{host="${metrics.host}"}`);
  await page.getByRole('radio', { name: '1 d' }).click();
  await expect(page).toHaveURL(/horizon=1d/);
  const forecast = page.getByRole('region', { name: 'Forecast' });
  await expect(forecast.getByText(/^(Calibrated|Not calibrated):/)).toBeVisible({ timeout: 60_000 });
  await expect(forecast.getByText('Model')).toBeVisible();
  await page.getByRole('button', { name: 'Last week' }).click();
  await expect(page).toHaveURL(/compare=week/);
  await expect(page.getByRole('list', { name: 'Legend' })).toContainText('a week before');
});

test('an anomaly is listed, leads to its chart, and can be called none', async ({ page, metrics }) => {
  await page.goto(`series?view=anomalies&q=${metrics.host}`);
  const list = page.getByRole('list', { name: 'Anomalies' });
  const spike = list.getByRole('listitem').filter({ hasText: 'e2e_latency_ms' }).filter({ hasText: 'lasts' }).first();
  await expect(spike).toContainText(/expected/);
  await spike.getByRole('button', { name: 'Not an anomaly' }).click();
  await expect(list.getByText('Marked: not an anomaly').first()).toBeVisible();
  await list.getByRole('link', { name: /e2e_latency_ms/ }).first().click();
  await expect(chart(page, /^e2e_latency_ms over time/)).toBeVisible();

  await page.getByRole('button', { name: 'Mark a missed one' }).click();
  await page.getByRole('textbox', { name: 'Time', exact: true }).fill('now-1h');
  await page.getByRole('button', { name: 'Mark it' }).click();
  await expect(page.getByText('The detector has been told.')).toBeVisible();
});

test('a query is drawn, or refused below its field', async ({ page, metrics }) => {
  await page.goto('series?view=query');
  const field = page.getByRole('textbox', { name: 'PromQL query' });
  await field.fill(`sum by (route) (e2e_latency_ms{host="${metrics.host}"})`);
  await page.keyboard.press('Enter');
  await expect(chart(page, /1 series$/).locator('canvas')).toBeVisible();
  await expect(page.getByRole('table', { name: 'The answer in numbers' })).toContainText('route=/pay');
  await field.fill('sum(');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('alert')).toContainText(/parse error/);
});

test('a selector that cannot be read is refused below its field', async ({ page }) => {
  await page.goto('series?match={x=');
  await expect(page.getByRole('alert')).toContainText(/unclosed/);
});

test('the first screen shows hosts, and leads to their charts', async ({ page, metrics }) => {
  await page.goto('');
  const host = page.getByRole('list', { name: 'Hosts' }).getByRole('listitem').filter({ hasText: metrics.host });
  await expect(host).toContainText('CPU');
  await expect(host).toContainText('90 %');
  await expect(host).toContainText('of 4 cores');
  await host.getByRole('link', { name: '/srv' }).click();
  await expect(page).toHaveURL(/series\?match=/);
  await expect(chart(page, /^host_filesystem_used_ratio over time/)).toBeVisible();
});
