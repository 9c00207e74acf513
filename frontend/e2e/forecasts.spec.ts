import { expect, test } from '@playwright/test';

const DAY_MS = 86_400_000;
const inDays = (days: number) => new Date(Date.now() + days * DAY_MS).toISOString();

const prediction = {
  id: '01a2235b-4a65-7000-948a-5c920d837a7b',
  series: '4100add5fa17965a',
  labels: { __name__: 'filesystem_full', host: 'web-1', mountpoint: '/var' },
  rule: 'filesystem_full',
  made_at: inDays(0),
  threshold: 1,
  direction: 'rising',
  horizon_seconds: 604_800,
  current: 0.94,
  probability: 0.93,
  crosses_from: inDays(2.01),
  crosses_at: inDays(2.51),
  crosses_to: inDays(3.01),
  is_raised: true,
  explanation: 'rises by 0.024 a day',
  outcome: 'open',
  crossed_at: null,
};
const silent = { ...prediction, id: '2', series: '2', labels: { __name__: 'memory_full', host: 'web-2' }, rule: 'memory_full', is_raised: false, crosses_from: null, crosses_at: null, crosses_to: null, probability: 0, explanation: 'silent: it does not move towards the limit' };
const score = { outcomes: { hit: 7, early: 1, late: 0, miss: 0, false_alarm: 2, quiet: 40 }, points: 900, coverage_80: 0.81, coverage_95: 0.94, brier: 0.05 };
const scorecard = { total: { ...score, brier: null }, items: [{ series: '2', labels: silent.labels, rule: 'memory_full', score, is_calibrated: false, reason: 'two of nine alarms were false' }], next_cursor: null };

test.beforeEach(async ({ page }) => {
  await page.route('**/api/v1/metrics/forecasts?*', (route) => route.fulfill({ json: { items: [prediction, silent], next_cursor: null } }));
  await page.route('**/api/v1/metrics/forecasts/scorecard', (route) => route.fulfill({ json: scorecard }));
});

test('predictions say when, between when, and why not', async ({ page }) => {
  await page.goto('series?view=forecasts');
  const rows = page.getByRole('table', { name: 'Predictions' }).getByRole('row');
  await expect(rows.nth(1)).toContainText(/\/var on web-1.*raised.*in 2 d 12 h.*between 2 d and 3 d.*93 %/);
  await expect(rows.nth(2)).toContainText(/not in sight.*silent: it does not move/);
  await rows.nth(1).getByRole('button', { name: 'Show earlier predictions' }).click();
  await expect(page.getByRole('list', { name: 'Earlier predictions' })).toContainText('not known yet');
});

test('the scorecard says what held, and who is silent', async ({ page }) => {
  await page.goto('series?view=scorecard');
  const table = page.getByRole('table', { name: 'Scorecard' });
  await expect(table.getByRole('row').nth(2)).toContainText(/memory on web-2.*7.*81 %.*94 %.*0\.05.*silent.*two of nine alarms were false/);
});

test('the first screen says what will be full', async ({ page }) => {
  await page.goto('');
  await expect(page.getByRole('list', { name: 'Ahead and unusual' })).toContainText(/\/var is full in 2 d 12 h, between 2 d and 3 d, 93 %/);
});

test('a list that fails says so and offers to try again', async ({ page }) => {
  await page.route('**/api/v1/metrics/forecasts/scorecard', (route) => route.fulfill({ status: 500, contentType: 'application/problem+json', json: { type: 'x/internal', title: 'The store is away', status: 500, detail: 'It could not be read.' } }));
  await page.goto('series?view=scorecard');
  await expect(page.getByRole('alert')).toContainText('The store is away');
  await expect(page.getByRole('button', { name: 'Try again' })).toBeVisible();
});
