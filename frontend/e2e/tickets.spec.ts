import { readFileSync } from 'node:fs';

import type { APIRequestContext, Page } from '@playwright/test';

import { alertsOf, expect, sendFailure, test } from './alert-seed';

interface Ticket {
  id: string;
  key?: string | null;
  alert: string;
  status: string;
}

interface Settings {
  enabled: boolean;
  paused: boolean;
  thresholds: Record<string, number>;
}

const getItems = async <T>(request: APIRequestContext, path: string, params: Record<string, string>) => ((await (await request.get(`api/v1/${path}`, { params })).json()) as { items: T[] }).items;

async function ticketsOf(request: APIRequestContext, host: string): Promise<Ticket[]> {
  const alerts = await getItems<{ id: string }>(request, 'alerts', { label: `host="${host}"` });
  const found = await Promise.all(alerts.map(({ id }) => getItems<Ticket>(request, 'tickets', { alert: id })));
  return found.flat();
}

/** The ticket that a failure on a host gets by itself. */
async function ticketOf(request: APIRequestContext, host: string): Promise<Ticket> {
  await expect.poll(async () => (await ticketsOf(request, host)).length).toBeGreaterThan(0);
  const [ticket] = await ticketsOf(request, host);
  if (!ticket) throw new Error(`no ticket of ${host}`);
  return ticket;
}

const getSettings = async (request: APIRequestContext) => (await (await request.get('api/v1/tickets/settings')).json()) as Settings;

let before: Settings;
test.beforeAll(async ({ playwright }, info) => {
  const request = await playwright.request.newContext({ baseURL: info.project.use.baseURL });
  before = await getSettings(request);
  await request.dispose();
});
test.afterEach(async ({ request }) => {
  const answer = await request.put('api/v1/tickets/settings', { data: before });
  expect(answer.ok(), await answer.text()).toBe(true);
});

const drawerOf = (page: Page) => page.getByRole('complementary', { name: 'Ticket' });

test('a link to a ticket opens it; it is commented, resolved and opened again', async ({ page, alerts, request }) => {
  const ticket = await ticketOf(request, `${alerts.host}-1`);
  await page.goto(`tickets?ticket=${ticket.id}`);
  const drawer = drawerOf(page);
  await expect(drawer.getByText('Missing price for product').first()).toBeVisible();
  await expect(drawer.getByRole('list', { name: 'Decisions about the ticket' })).toContainText('create');

  await drawer.getByRole('textbox', { name: 'Comment' }).fill('prices are being imported');
  await page.keyboard.press('Control+Enter');
  await expect(drawer.getByRole('list', { name: 'Comments' })).toContainText('prices are being imported');
  await expect(drawer.getByRole('textbox', { name: 'Comment' })).toHaveValue('');

  await drawer.getByRole('button', { name: 'Resolve' }).click();
  await expect(drawer.getByRole('button', { name: 'Reopen' })).toBeVisible();
  await expect.poll(async () => (await ticketsOf(request, `${alerts.host}-1`)).find(({ id }) => id === ticket.id)?.status).toBe('resolved');
  await drawer.getByRole('button', { name: 'Reopen' }).click();
  await expect(drawer.getByRole('button', { name: 'Resolve' })).toBeVisible();
  await expect(drawer.getByRole('list', { name: 'Decisions about the ticket' })).toContainText('reopen');

  await drawer.getByRole('button', { name: 'Close the ticket' }).click();
  await expect(drawer).toBeHidden();
  await expect(page).not.toHaveURL(/ticket=/);
});

test('tickets are found by key, opened by keyboard, and lead to their alert', async ({ page, alerts, request }) => {
  const ticket = await ticketOf(request, `${alerts.host}-2`);
  await page.goto('tickets?status=all');
  await page.getByRole('searchbox', { name: 'Words of title or key' }).fill(ticket.key ?? '');
  await expect(page).toHaveURL(/q=/);
  const row = page.getByRole('table', { name: 'Tickets' }).getByRole('row').filter({ has: page.getByRole('link', { name: ticket.key ?? '', exact: true }) });
  await row.getByRole('button').focus();
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(new RegExp(`ticket=${ticket.id}`));
  await expect(drawerOf(page).getByRole('link', { name: 'Open the alert' })).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(drawerOf(page)).toBeHidden();

  await row.getByRole('button').click();
  await drawerOf(page).getByRole('link', { name: 'Open the alert' }).click();
  await expect(page).toHaveURL(new RegExp(`alert=${ticket.alert}`));
});

test('decisions say why, are narrowed in the URL, and are exported', async ({ page, alerts, request }) => {
  const ticket = await ticketOf(request, `${alerts.host}-1`);
  await page.goto(`tickets?view=decisions&alert=${ticket.alert}`);
  const table = page.getByRole('table', { name: 'Decisions' });
  await expect(table.getByRole('row').filter({ hasText: 'create' }).first()).toContainText(/threshold of/);
  await expect(table.getByRole('link', { name: ticket.key ?? '', exact: true }).first()).toBeVisible();
  await page.getByRole('combobox', { name: 'Decision' }).selectOption('hold');
  await expect(page).toHaveURL(/action=hold/);
  await expect(page.getByRole('heading', { name: 'No decision fits' })).toBeVisible();
  await page.getByRole('combobox', { name: 'Decision' }).selectOption('create');
  await expect(table.getByRole('row').filter({ hasText: 'create' })).not.toHaveCount(0);

  for (const [format, begin] of [['CSV', 'at,action,reason'], ['NDJSON', '{']] as const) {
    await page.getByRole('button', { name: 'Export' }).click();
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('menuitem', { name: new RegExp(`^${format}`) }).click()]);
    const text = readFileSync(await download.path(), 'utf8');
    expect(text.startsWith(begin)).toBe(true);
    expect(text).toContain(ticket.alert);
  }
});

test('thresholds are kept, and what cannot be is refused', async ({ page, request }) => {
  await page.goto('tickets?view=settings');
  await expect(page.getByRole('status').filter({ hasText: 'takes tickets' })).toBeVisible();
  const low = page.getByRole('spinbutton', { name: 'Threshold of low' });
  const keep = page.getByRole('button', { name: 'Keep the changes' });
  await low.fill('1.5');
  await expect(page.getByRole('alert').filter({ hasText: 'from 0 to 1' })).toBeVisible();
  await expect(keep).toBeDisabled();
  await low.fill('0.85');
  await keep.click();
  await expect.poll(async () => (await getSettings(request)).thresholds.low).toBe(0.85);
  await expect(keep).toBeDisabled();

  const enabled = page.getByRole('switch', { name: 'Alerts get tickets' });
  await enabled.click();
  await expect(page.getByRole('list', { name: 'Trouble' })).toContainText('switched off');
  expect(await getSettings(request)).toMatchObject({ enabled: false, thresholds: { low: 0.85 } });
  await enabled.click();
  await expect(enabled).toBeChecked();
});

test('an alert says why it has no ticket, and gets one by hand', async ({ page, alerts, request }) => {
  const never = { critical: 2, high: 2, medium: 2, low: 2 };
  await request.put('api/v1/tickets/settings', { data: { ...before, thresholds: never } });
  const host = `${alerts.host}-hand`;
  await sendFailure(request, host);
  await page.goto(alertsOf(host));
  await page.getByRole('table', { name: 'Alerts' }).locator('tr[id^=alert-]').first().getByRole('button').click();
  const drawer = page.getByRole('complementary', { name: 'Alert' });
  await expect(drawer.getByText('It has none.')).toBeVisible();
  await expect(drawer.getByRole('group', { name: 'What would be decided now' })).toContainText('skip');
  await drawer.getByRole('button', { name: 'Open a ticket' }).click();
  const own = drawer.getByRole('list', { name: 'Tickets' });
  await expect(own).toContainText('open');
  await expect(drawer.getByRole('group', { name: 'What would be decided now' })).toContainText('update');
  await drawer.getByRole('button', { name: 'Tell the open ticket' }).click();
  await expect(own).toContainText('2 occurrences');
  await own.getByRole('link', { name: 'Open the ticket' }).click();
  await expect(drawerOf(page)).toContainText('asked for it');
});

test('nothing goes beyond the edge of a telephone', async ({ page, alerts, request }) => {
  const ticket = await ticketOf(request, `${alerts.host}-1`);
  await page.setViewportSize({ width: 390, height: 844 });
  for (const path of ['tickets?status=all', 'tickets?view=decisions', 'tickets?view=settings', `tickets?ticket=${ticket.id}`]) {
    await page.goto(path);
    await expect(page.getByRole('status', { name: /^Loading/ })).toHaveCount(0);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
  }
});
