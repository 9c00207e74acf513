import { expect, test } from './alert-seed';

test('a rule is tried on history, kept, switched off, and deleted', async ({ page, alerts }) => {
  const name = `e2e_${alerts.host.replaceAll('-', '_')}`;
  await page.goto('rules');
  await page.getByRole('button', { name: 'New rule' }).click();
  await page.getByRole('textbox', { name: 'Name' }).fill(name);
  const condition = page.getByRole('textbox', { name: 'Condition in CEL' });
  await condition.fill('no_such_fact > (');
  await page.getByRole('button', { name: 'Make the rule' }).click();
  await expect(page.getByRole('alert').first()).toBeVisible();

  await condition.fill(`host == "${alerts.host}-1"`);
  await page.getByRole('button', { name: 'Test', exact: true }).click();
  await expect(page.getByRole('status').filter({ hasText: 'would have fired' })).toContainText(/[1-9]\d* time/);
  await expect(page.getByRole('list', { name: 'Alerts that would have been' }).getByRole('listitem')).not.toHaveCount(0);
  await page.getByRole('button', { name: 'Make the rule' }).click();

  const own = page.getByRole('switch', { name: `Rule ${name} is on` });
  await expect(own).toBeChecked();
  await own.click();
  await expect(own).not.toBeChecked();
  await page.getByRole('button', { name, exact: true }).click();
  await page.getByRole('button', { name: 'Delete' }).click();
  await page.getByRole('button', { name: `Yes, delete ${name}` }).click();
  await expect(own).toHaveCount(0);
});

test('a line is tried against the catalogue', async ({ page }) => {
  await page.goto('rules?view=classification');
  await page.getByRole('textbox', { name: 'Line' }).fill('write failed: No space left on device');
  await page.getByRole('button', { name: 'Try', exact: true }).click();
  await expect(page.getByRole('status').filter({ hasText: 'disk full' })).toBeVisible();
});

test('a maintenance window says what it would hold, and is ended', async ({ page, alerts }) => {
  await page.goto('rules?view=silences');
  await page.getByRole('button', { name: 'New silence' }).click();
  const dialog = page.getByRole('dialog', { name: 'New silence' });
  await dialog.getByRole('textbox', { name: 'Labels that the alerts have' }).fill(`host=~"${alerts.host}-window.*"`);
  await expect(dialog.getByRole('status')).toContainText('0 open alerts');
  await dialog.getByRole('combobox', { name: 'It comes' }).selectOption('daily');
  await dialog.getByRole('button', { name: 'Silence', exact: true }).click();
  const own = page.getByRole('list', { name: 'Active' }).getByRole('listitem').filter({ hasText: `${alerts.host}-window` });
  await expect(own).toContainText('every day');
  await own.getByRole('button', { name: 'End now' }).click();
  await expect(page.getByRole('list', { name: /^Expired/ }).getByText(`${alerts.host}-window`)).toBeVisible();
});
