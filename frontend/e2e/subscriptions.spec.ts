import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

import { countAlerts, expect, sendFailure, test } from './alert-seed';

/** A receiver of webhooks that takes what comes to `/good`. */
function receiver(): Promise<{ server: Server; url: string }> {
  const server = createServer((request, response) => {
    request.resume();
    response.statusCode = request.url === '/good' ? 200 : 404;
    response.end(request.url === '/good' ? 'thank you' : 'no such hook');
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve({ server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` })));
}

test('a subscription is made with a preview, tried, told, and deleted', async ({ page, request, alerts }) => {
  const { server, url } = await receiver();
  const name = `to the hook of ${alerts.host}`;
  await page.goto('subscriptions');
  await page.getByRole('button', { name: 'New subscription' }).first().click();
  await page.getByRole('button', { name: 'Make the subscription' }).click();
  await expect(page.getByText('Give it a name.', { exact: true })).toBeVisible();

  await page.getByRole('textbox', { name: 'Name' }).fill(name);
  await page.getByRole('textbox', { name: 'Labels that the alerts have' }).fill(`host="${alerts.host}-hooked"`);
  await page.getByRole('textbox', { name: 'Address' }).fill(`${url}/bad`);
  await page.getByLabel('Secret for the signature').fill('s3cr3t');
  const title = page.getByRole('textbox', { name: 'Title, in MiniJinja' });
  await title.fill('{{ nonsense');
  await expect(page.getByRole('alert').filter({ hasText: 'syntax error' })).toBeVisible();
  await title.fill('Look: {{ alert.title }}');
  await expect(page.getByRole('status', { name: 'Preview' })).toContainText('Look: Disk /data');
  await page.getByRole('button', { name: 'Make the subscription' }).click();

  await page.getByRole('button', { name: 'Send a test' }).click();
  await expect(page.getByText('The channel did not take it')).toBeVisible();
  await expect(page.getByLabel('Secret for the signature')).toHaveValue('');
  await expect(page.getByLabel('Secret for the signature')).toHaveAttribute('placeholder', /^set/);

  await sendFailure(request, `${alerts.host}-hooked`);
  await expect.poll(() => countAlerts(request, `${alerts.host}-hooked`)).toBeGreaterThan(0);
  await page.getByRole('link', { name: 'All of them' }).click();
  await page.getByRole('combobox', { name: 'State' }).selectOption('dead');
  await expect(page).toHaveURL(/status=dead/);
  const dead = page.getByRole('row').filter({ hasText: name });
  await expect(dead).toContainText('404: no such hook');

  await dead.getByRole('link', { name }).click();
  await page.getByRole('textbox', { name: 'Address' }).fill(`${url}/good`);
  await page.getByRole('button', { name: 'Keep the changes' }).click();
  await page.getByRole('button', { name: /^Send delivery \d+ again$/ }).first().click();
  await expect(page.getByRole('region', { name: 'Deliveries' })).toContainText('200: thank you');

  await page.getByRole('button', { name: 'All subscriptions' }).click();
  const own = page.getByRole('switch', { name: `Subscription ${name} is on` });
  await own.click();
  await expect(own).not.toBeChecked();
  await page.getByRole('button', { name, exact: true }).click();
  await page.getByRole('button', { name: 'Delete' }).click();
  await page.getByRole('button', { name: `Yes, delete ${name} and its deliveries` }).click();
  await expect(own).toHaveCount(0);
  server.close();
});
