import { AxeBuilder } from '@axe-core/playwright';
import { expect, test, type Page } from '@playwright/test';

import { mockJobs, world, type JobsWorld } from './jobs-data';

const LOOKS = ['light', 'dark'].flatMap((colorScheme) => [1440, 390].map((width) => ({ colorScheme: colorScheme as 'light' | 'dark', viewport: { width, height: 900 } })));

async function check(page: Page) {
  const { violations } = await new AxeBuilder({ page }).analyze();
  const told = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical').map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).slice(0, 3).join(' | ')}`);
  expect(told).toEqual([]);
  const { scroll, width } = await page.evaluate(() => ({ scroll: document.documentElement.scrollWidth, width: window.innerWidth }));
  expect(scroll).toBeLessThanOrEqual(width);
}

async function open(page: Page, path: string, change?: (state: JobsWorld) => void) {
  const state = world();
  change?.(state);
  await mockJobs(page, state);
  await page.goto(path);
  return state;
}

const isLoaded = (page: Page) => expect(page.getByRole('status', { name: /^Loading/ })).toHaveCount(0);

test('a report is asked for, done and downloaded, and a schedule is run, paused and resumed', async ({ page }) => {
  await page.goto('jobs');
  await page.getByRole('button', { name: 'New job' }).click();
  const dialog = page.getByRole('dialog', { name: 'New job' });
  await dialog.getByRole('combobox', { name: 'Kind of job' }).selectOption('generate_report');
  await dialog.getByRole('textbox', { name: 'Parameters, as JSON' }).fill('{"from": "never"}');
  await dialog.getByRole('button', { name: 'Have it done' }).click();
  await expect(dialog.getByRole('alert')).toContainText('never');
  await dialog.getByRole('textbox', { name: 'Parameters, as JSON' }).fill('{"from": "now-1h"}');
  await dialog.getByRole('button', { name: 'Have it done' }).click();

  const drawer = page.getByRole('complementary', { name: 'Job' });
  await expect(drawer).toContainText('Done');
  const download = page.waitForEvent('download');
  await drawer.getByRole('link', { name: 'Download the document of generate report' }).click();
  expect((await download).suggestedFilename()).toMatch(/^generate_report-.*\.md$/);
  await drawer.getByRole('button', { name: 'Remove' }).click();
  await expect(drawer).toHaveCount(0);

  await page.getByRole('tab', { name: 'Schedules' }).click();
  await page.getByRole('button', { name: 'Pause cleanup-records' }).click();
  await expect(page.getByRole('button', { name: 'Resume cleanup-records' })).toBeVisible();
  await page.getByRole('button', { name: 'Run cleanup-records now' }).click();
  await page.getByRole('button', { name: 'Resume cleanup-records' }).click();
  await expect(page.getByRole('button', { name: 'Pause cleanup-records' })).toBeVisible();
  await page.getByRole('listitem').filter({ hasText: 'cleanup-records' }).getByRole('link', { name: 'Its jobs' }).click();
  await expect(page).toHaveURL(/schedule=cleanup-records/);
  await expect(page.getByRole('row').filter({ hasText: 'schedule cleanup-records' }).first()).toContainText('Done');
});

test('jobs are narrowed, called off and tried again', async ({ page }) => {
  const state = await open(page, 'jobs');
  await expect(page.getByRole('progressbar', { name: 'Progress of process data' })).toHaveAttribute('aria-valuenow', '34');
  await expect(page.getByRole('row').filter({ hasText: 'send notification' })).toContainText(/attempt 2 of 5, next in \d+ s/);
  await page.getByRole('button', { name: 'Call off process data' }).click();
  await expect.poll(() => state.asked.at(-1)?.path).toMatch(/\/cancel$/);
  await page.getByRole('combobox', { name: 'Status' }).selectOption('dead');
  await expect(page).toHaveURL(/status=dead/);
  await expect(page.getByRole('row')).toHaveCount(2);
  await page.getByRole('button', { name: 'Try delete logs again' }).click();
  await expect.poll(() => state.asked.at(-1)?.path).toMatch(/\/retry$/);
  await page.getByRole('link', { name: 'delete logs' }).click();
  await expect(page.getByRole('complementary', { name: 'Job' })).toContainText('no space left on device');
  await page.keyboard.press('Escape');
  await expect(page.getByRole('complementary', { name: 'Job' })).toHaveCount(0);
});

for (const look of LOOKS) {
  test.describe(`${look.colorScheme}, ${look.viewport.width} px`, () => {
    test.use(look);

    test('nothing is beyond the edge and all can be read', async ({ page }) => {
      const state = await open(page, 'jobs');
      await isLoaded(page);
      await expect(page.getByText('What happened on 28 November')).toBeVisible();
      await check(page);
      await page.goto(`jobs?job=${String(state.jobs[3]?.id)}`);
      await expect(page.getByRole('complementary', { name: 'Job' })).toContainText('Given up');
      await check(page);
      await page.goto('jobs?view=schedules');
      await expect(page.getByText('daily-report')).toBeVisible();
      await check(page);
    });

    test('says so when there is nothing, while it loads and when it fails', async ({ page }) => {
      const state = await open(page, 'jobs', (one) => {
        one.jobs = [];
        one.schedules = [];
      });
      await expect(page.getByRole('heading', { name: 'No jobs yet' })).toBeVisible();
      await check(page);
      state.failing = { status: 503, title: 'The store is away', detail: 'It could not be read.' };
      await page.goto('jobs?status=dead');
      await expect(page.getByRole('alert').filter({ hasText: 'The store is away' })).toBeVisible();
      await check(page);
      state.failing = undefined;
      state.isHanging = true;
      await page.goto('jobs?kind=cleanup');
      await expect(page.getByRole('status', { name: 'Loading the jobs' })).toBeVisible();
      await check(page);
    });
  });
}
