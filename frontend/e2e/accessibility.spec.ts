import { AxeBuilder } from '@axe-core/playwright';

import { expect, test } from './seed';

const PAGES = ['', 'copilot', 'digest', 'changes', 'runbooks', 'system?view=model', 'search', 'search?q=password', 'patterns', 'patterns?view=templates&q=password', 'tail', 'alerts', 'alerts?group=rule&status=all', 'incidents', 'tickets', 'tickets?view=decisions', 'tickets?view=settings', 'automation', 'automation?view=runs', 'automation?view=rules', 'automation?view=runbooks', 'automation?view=providers', 'automation?view=safety', 'automation?view=audit', 'rules', 'rules?rule=%2B', 'rules?view=classification', 'rules?view=silences', 'subscriptions', 'subscriptions?subscription=%2B', 'subscriptions?view=deliveries', 'subscriptions?view=live', 'series', 'series?view=query&q=e2e_latency_ms', 'series?view=anomalies', 'series?view=forecasts', 'series?view=scorecard', 'sources', 'jobs', 'jobs?view=schedules', 'system', 'system?view=audit'];
const LOOKS = [
  { colorScheme: 'light', viewport: { width: 1440, height: 900 } },
  { colorScheme: 'dark', viewport: { width: 1440, height: 900 } },
  { colorScheme: 'dark', viewport: { width: 390, height: 844 } },
] as const;

for (const look of LOOKS) {
  test.describe(`${look.colorScheme}, ${look.viewport.width} px`, () => {
    test.use(look);

    for (const path of PAGES) {
      test(`/${path} has no serious violation`, async ({ page, seed }) => {
        void seed;
        await page.goto(path);
        await expect(page.getByRole('status', { name: /^Loading|^Searching/ })).toHaveCount(0);
        await check(page);
      });
    }

    test('an open line and the dialogs have none either', async ({ page, seed }) => {
      await page.goto(`search?source=${seed.source}`);
      await page.getByRole('grid', { name: 'Log lines' }).getByRole('row').first().click();
      await expect(page.getByRole('heading', { name: 'Fields' })).toBeVisible();
      await check(page);
      await page.keyboard.press('Escape');
      await page.keyboard.press('Control+k');
      await expect(page.getByRole('combobox', { name: 'Command or search' })).toBeFocused();
      await check(page);
      await page.keyboard.press('Escape');
      await page.getByRole('button', { name: 'Ask about this', exact: true }).click();
      await expect(page.getByRole('complementary', { name: 'Copilot' }).getByRole('textbox', { name: 'Question' })).toBeFocused();
      await check(page);
    });
  });
}

async function check(page: ConstructorParameters<typeof AxeBuilder>[0]['page']) {
  const { violations } = await new AxeBuilder({ page }).analyze();
  const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
  const told = serious.map(({ id, nodes }) => `${id}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary ?? ''}`).slice(0, 3).join(' | ')}`);
  expect(told).toEqual([]);
}
