import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from '@playwright/test';

import { ALERT, CLOUD_RUN, FAILED_RUN } from './automation-data';
import { expect, test } from './automation-seed';

const TABS = ['approvals', 'runs', 'rules', 'runbooks', 'providers', 'safety', 'audit'];
const PAGES = [...TABS.map((tab) => `automation?view=${tab}`), `automation?run=${CLOUD_RUN}`, 'automation?view=rules&rule=clean_full_disk', 'automation?view=rules&rule=%2B', `automation/runs/${FAILED_RUN}`, `alerts?alert=${ALERT}&status=all`];
/** Those that ask for something of their own. */
const ASKING = TABS.filter((tab) => tab !== 'runbooks');
const LISTS = ['runs', 'rules', 'providers', 'safety', 'audit', 'rules/clean_full_disk/versions'];
const LOOKS = ['light', 'dark'].flatMap((colorScheme) => [1440, 390].map((width) => ({ colorScheme: colorScheme as 'light' | 'dark', viewport: { width, height: 900 } })));

async function check(page: Page) {
  const { violations } = await new AxeBuilder({ page }).analyze();
  const told = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical').map(({ id, nodes }) => `${id}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary ?? ''}`).slice(0, 3).join(' | ')}`);
  expect(told).toEqual([]);
  const { scroll, width } = await page.evaluate(() => ({ scroll: document.documentElement.scrollWidth, width: window.innerWidth }));
  expect(scroll).toBeLessThanOrEqual(width);
}

const isLoaded = (page: Page) => expect(page.getByRole('status', { name: /^Loading|^Asking/ })).toHaveCount(0);

for (const look of LOOKS) {
  test.describe(`${look.colorScheme}, ${look.viewport.width} px`, () => {
    test.use(look);

    for (const path of PAGES) {
      test(`/${path} has no serious violation and nothing beyond the edge, also while stopped`, async ({ page, automation }) => {
        automation.safety.kill = { by: 'ana', at: '2026-01-31T12:00:00Z', reason: 'the playbook deletes too much' };
        await page.goto(path);
        await isLoaded(page);
        await expect(page.getByRole('status', { name: 'Automation is stopped' })).toBeVisible();
        await check(page);
      });
    }

    test('says so when there is nothing', async ({ page, automation }) => {
      automation.runs = [];
      automation.rules = [];
      for (const tab of ['approvals', 'runs', 'rules']) {
        await page.goto(`automation?view=${tab}`);
        await isLoaded(page);
        await expect(page.getByRole('heading', { name: /Nothing waits for you|Nothing was proposed yet|No rule yet/ })).toBeVisible();
        await check(page);
      }
    });

    test('says so when it fails, and can be stopped all the same', async ({ page, automation }) => {
      for (const list of LISTS) automation.failing[list] = { status: 503, title: 'The store is away', detail: 'It could not be read.' };
      for (const tab of ASKING) {
        await page.goto(`automation?view=${tab}`);
        await expect(page.getByRole('alert').filter({ hasText: 'The store is away' })).toBeVisible();
        await expect(page.getByRole('button', { name: 'Stop everything' })).toBeVisible();
      }
      await check(page);
    });

    test('says so while it loads', async ({ page, automation }) => {
      void automation;
      // What is registered last is asked first.
      await page.route('**/api/v1/automation/**', () => undefined);
      for (const tab of ASKING) {
        await page.goto(`automation?view=${tab}`);
        await expect(page.getByRole('status', { name: /^Loading|^Asking/ }).first()).toBeVisible();
      }
      await check(page);
    });

    test('the dialogs have none either', async ({ page, automation }) => {
      void automation;
      await page.goto('automation?view=safety');
      await page.getByRole('button', { name: 'Stop everything' }).click();
      await check(page);
      await page.keyboard.press('Escape');
      await page.getByRole('button', { name: 'New freeze' }).click();
      await check(page);
      await page.goto(`alerts?alert=${ALERT}&status=all`);
      await page.getByRole('button', { name: 'Propose an action…' }).click();
      await page.getByRole('combobox', { name: 'Rule' }).last().selectOption('clean_full_disk');
      await expect(page.getByRole('button', { name: 'Propose it' })).toBeVisible();
      await check(page);
    });
  });
}
