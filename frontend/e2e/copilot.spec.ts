import type { Page } from '@playwright/test';

import { expect, test } from './seed';

const conversation = (page: Page) => page.getByRole('log', { name: 'Conversation' });

async function ask(page: Page, question: string) {
  const field = page.getByRole('textbox', { name: 'Question' });
  await field.fill(question);
  await field.press('Enter');
  await expect(conversation(page).getByRole('article', { name: question }).last()).toBeVisible();
}

/** Waits until the answer is kept: what can be done with it is offered then. */
const answered = (page: Page) => expect(conversation(page).getByRole('button', { name: 'Ask again' }).last()).toBeEnabled();

test('a question is answered with facts that open, and the conversation goes on beside them', async ({ page, seed }) => {
  void seed;
  await page.goto('copilot');
  await ask(page, 'Show the errors of the last hour');
  await answered(page);
  const log = conversation(page);
  await expect(log.getByText('Understood as')).toBeVisible();
  await expect(log.getByText('Written by rules from what was found, without a model')).toBeVisible();
  await log.getByText(/^Looked at \d+ thing/).click();
  await expect(log.getByRole('list', { name: 'Steps' })).not.toBeEmpty();
  await expect(page).toHaveURL(/thread=/);

  await log.getByRole('link', { name: /^Fact E\d+$/ }).first().click();
  await expect(page).not.toHaveURL(/copilot/);
  const panel = page.getByRole('complementary', { name: 'Copilot' });
  await expect(panel.getByRole('article', { name: 'Show the errors of the last hour' })).toBeVisible();
  await panel.getByRole('button', { name: 'Open as a page' }).click();
  await expect(page).toHaveURL(/copilot\?thread=/);
});

test('conversations are found, renamed, exported and deleted', async ({ page, seed }) => {
  const title = `What changed on ${seed.source}?`;
  await page.goto('copilot');
  await ask(page, title);
  await answered(page);
  const list = page.getByRole('region', { name: 'Conversations' });
  await list.getByRole('searchbox', { name: 'Search the conversations' }).fill(seed.source);
  await expect(list.getByRole('listitem')).toHaveCount(1);

  await list.getByRole('button', { name: /^More about/ }).click();
  await page.getByRole('menuitem', { name: 'Rename' }).click();
  await page.getByRole('dialog').getByRole('textbox', { name: 'Title' }).fill(`Deploys of ${seed.source}`);
  await page.getByRole('dialog').getByRole('button', { name: 'Rename' }).click();
  await expect(page.getByRole('heading', { name: `Deploys of ${seed.source}`, level: 1 })).toBeVisible();

  const download = page.waitForEvent('download');
  await page.getByRole('link', { name: 'Markdown' }).click();
  expect((await download).suggestedFilename()).toMatch(/\.md$/);

  await list.getByRole('button', { name: /^More about/ }).click();
  await page.getByRole('menuitem', { name: 'Delete' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await expect(list.getByText('These words were said in none.')).toBeVisible();
  await expect(page.getByRole('heading', { name: 'What do you want to know?' })).toBeVisible();
});

test('an answer is judged, and asked for again', async ({ page, seed }) => {
  await page.goto('copilot');
  await ask(page, `Show the errors of ${seed.source}`);
  await answered(page);
  await page.getByRole('button', { name: 'It did not help' }).click();
  await page.getByRole('textbox', { name: /^What was good, or wrong/ }).fill('the wrong host');
  await page.getByRole('button', { name: 'Send', exact: true }).first().click();
  await expect(conversation(page).getByText('“the wrong host”')).toBeVisible();
  await page.reload();
  await expect(page.getByRole('button', { name: 'It did not help' })).toHaveAttribute('aria-pressed', 'true');

  await page.getByRole('button', { name: 'Ask again' }).click();
  const versions = page.getByRole('group', { name: 'Answers to this question' });
  await expect(versions).toContainText('2 of 2');
  await versions.getByRole('button', { name: 'Earlier answer' }).click();
  await expect(conversation(page).getByText('“the wrong host”')).toBeVisible();
});

test('the panel asks about what is open', async ({ page, seed }) => {
  await page.goto(`search?q=stripe&source=${seed.source}&from=now-1h`);
  await expect(page.getByRole('grid', { name: 'Log lines' }).getByRole('row').first()).toBeVisible();
  await page.keyboard.press('i');
  const panel = page.getByRole('complementary', { name: 'Copilot' });
  await expect(panel.getByText(/^About the search “stripe source:/)).toBeVisible();
  const asked = page.waitForRequest((request) => request.method() === 'POST' && request.url().includes('/messages'));
  await ask(page, 'When did this begin?');
  expect((await asked).postDataJSON()).toMatchObject({ text: 'When did this begin?', page: { query: `stripe source:${seed.source}` } });
  await answered(page);
  await expect(panel.getByText(/^about the search/)).toBeVisible();

  // Left out when somebody wants it so.
  await panel.getByRole('button', { name: 'Ask without the page' }).click();
  const bare = page.waitForRequest((request) => request.method() === 'POST' && request.url().includes('/messages'));
  await ask(page, 'What will fill up next?');
  expect((await bare).postDataJSON()).not.toHaveProperty('page');
  await answered(page);
  await page.getByRole('textbox', { name: 'Question' }).press('Escape');
  await expect(panel).toBeHidden();
});

test('a command asks the copilot', async ({ page }) => {
  await page.goto('sources');
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
  await page.keyboard.press('Control+k');
  await page.getByRole('combobox', { name: 'Command or search' }).fill('What will fill up next?');
  await page.getByRole('option', { name: /^Ask the copilot: What will/ }).click();
  await expect(page.getByRole('complementary', { name: 'Copilot' }).getByRole('article', { name: 'What will fill up next?' })).toBeVisible();
});

const DESCRIBED = `Name:         web-1
Namespace:    shop
Status:       Running
Containers:
  web:
    State:          Waiting
      Reason:       CrashLoopBackOff
    Last State:     Terminated
      Reason:       OOMKilled
      Exit Code:    137
    Restart Count:  6
    Limits:
      memory:  128Mi
`;

test('a question is answered from what is attached, which is not kept', async ({ page }) => {
  await page.goto('copilot');
  await page.locator('input[type=file]').setInputFiles([
    { name: 'describe.txt', mimeType: 'text/plain', buffer: Buffer.from(DESCRIBED) },
    { name: 'core', mimeType: 'application/octet-stream', buffer: Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0]) },
  ]);
  const composer = page.getByRole('form', { name: 'Ask' });
  await expect(composer.getByRole('alert')).toHaveText('core is no text.');
  await expect(composer.getByRole('list', { name: 'Attached' })).toHaveText('describe.txt285 B');
  await ask(page, 'why did web-1 die?');
  await answered(page);
  const log = conversation(page);
  await expect(composer.getByRole('list', { name: 'Attached' })).toHaveCount(0);
  await expect(log.getByRole('list', { name: 'Attached' })).toContainText('describe.txt');
  await expect(log.getByText(/OOMKilled/).first()).toBeVisible();

  // The fact says its line and where it stands; it opens nowhere.
  const fact = log.getByRole('listitem').filter({ hasText: 'OOMKilled' }).filter({ hasText: 'describe.txt, line 9' });
  await expect(fact).toBeVisible();
  await expect(log.getByRole('link', { name: /^Fact/ })).toHaveCount(0);
  await log.getByRole('button', { name: /^Fact E\d+$/ }).first().click();
  await expect(page.getByRole('dialog', { name: /^Fact E\d+$/ })).toContainText('describe.txt, line');
  await page.keyboard.press('Escape');

  // As long as the page is open, the question can be asked again with it.
  await log.getByRole('button', { name: 'Ask again' }).click();
  await expect(page.getByRole('group', { name: 'Answers to this question' })).toContainText('2 of 2');
  await page.reload();
  await expect(log.getByRole('list', { name: 'Attached' })).toHaveText('describe.txt');
  await expect(log.getByRole('button', { name: 'Ask again' })).toBeDisabled();
  await expect(log.getByRole('button', { name: 'Ask again' })).toHaveAttribute('title', /not kept/);
});

test('much that is pasted is offered to be attached, and what is dropped is', async ({ page }) => {
  await page.goto('copilot');
  const composer = page.getByRole('form', { name: 'Ask' });
  const field = page.getByRole('textbox', { name: 'Question' });
  await field.fill('What is wrong here?');
  await field.press('End');
  await field.evaluate((area: HTMLTextAreaElement, text) => {
    const clipboardData = new DataTransfer();
    clipboardData.setData('text/plain', text);
    const isTaken = !area.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }));
    if (!isTaken) document.execCommand('insertText', false, text);
  }, DESCRIBED.repeat(2));
  await composer.getByRole('button', { name: 'Attach it as pasted.txt' }).click();
  await expect(field).toHaveValue('What is wrong here?');
  await expect(composer.getByRole('list', { name: 'Attached' })).toContainText('pasted.txt');

  const dataTransfer = await page.evaluateHandle(() => {
    const transfer = new DataTransfer();
    transfer.items.add(new File(['ERROR disk full'], 'app.log'));
    return transfer;
  });
  await composer.dispatchEvent('dragover', { dataTransfer });
  await expect(composer.getByText('Drop to attach')).toBeVisible();
  await composer.dispatchEvent('drop', { dataTransfer });
  await expect(composer.getByRole('listitem')).toHaveText([/^pasted\.txt/, /^app\.log/]);
  await composer.getByRole('button', { name: 'Remove pasted.txt' }).click();
  await expect(composer.getByRole('listitem')).toHaveText([/^app\.log/]);
});

test.describe('on a narrow screen', () => {
  test.use({ viewport: { width: 390, height: 844 } });

  test('the panel covers the page, and gives way to what is opened', async ({ page, seed }) => {
    await page.goto(`search?source=${seed.source}`);
    await page.getByRole('button', { name: 'Ask about this' }).click();
    const panel = page.getByRole('complementary', { name: 'Copilot' });
    expect((await panel.boundingBox())?.width).toBe(390);
    await ask(page, 'Show the errors of the last hour');
    await answered(page);
    await panel.getByRole('link', { name: /^Fact E\d+$/ }).first().click();
    await expect(panel).toBeHidden();
  });
});

const event = (name: string, data: unknown) => `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
const HOSTILE = '<img src=x onerror="document.title=1"> ![x](http://evil.example/?q=1) [click](javascript:alert(1)) http://evil.example [E1] <script>document.title=1</script>';

test('words of answers are words: nothing in them is drawn, linked or run', async ({ page }) => {
  await page.route('**/messages', (route) =>
    route.fulfill({
      contentType: 'text/event-stream',
      body:
        event('asked', { id: '01890f3e-0000-7000-8000-000000000000' }) +
        event('fact', { id: 'E1', text: HOSTILE, at: null, evidence: { type: 'record', id: '01890f3e-0000-7000-8000-000000000001', body: HOSTILE } }) +
        event('statement', { text: `${HOSTILE} \u202Etxt.exe`, cites: ['E1', 'E9'] }) +
        event('notice', { text: HOSTILE }),
    }),
  );
  await page.goto('copilot');
  await ask(page, 'Is this safe?');
  const log = conversation(page);
  await expect(log.getByText('The answer broke off')).toBeVisible();
  await expect(log.getByText('\\u{202e}txt.exe')).toBeVisible();
  await expect(log.locator('img, script, iframe')).toHaveCount(0);
  await expect(log.locator('a[href*="evil"], a[href^="javascript"]')).toHaveCount(0);
  // A fact that is not there is cited nowhere.
  await expect(log.getByRole('link', { name: /^Fact/ })).toHaveCount(1);
  await expect(page).toHaveTitle(/Tocsin/);
});

test('an answer that does not come is stopped', async ({ page }) => {
  await page.route('**/messages', () => undefined);
  await page.goto('copilot');
  await ask(page, 'Are you there?');
  await expect(conversation(page).getByText('Looking…')).toBeVisible();
  await page.getByRole('button', { name: 'Stop' }).click();
  await expect(conversation(page).getByText('It was stopped before its end.')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Send' })).toBeVisible();
});

test('a refusal is told in the words of the server, and may be tried again', async ({ page }) => {
  await page.route('**/messages', (route) => route.fulfill({ status: 429, contentType: 'application/problem+json', body: JSON.stringify({ type: 'x', title: 'Too many questions', status: 429, detail: 'Ask again in a minute.' }) }));
  await page.goto('copilot');
  await ask(page, 'What changed today?');
  await expect(conversation(page).getByRole('alert')).toContainText('Ask again in a minute.');
  await page.unroute('**/messages');
  await conversation(page).getByRole('button', { name: 'Try again' }).click();
  await answered(page);
});
