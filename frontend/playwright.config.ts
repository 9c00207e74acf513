import { defineConfig } from '@playwright/test';

/** The server under test must be running; the specs bring their own lines. */
export default defineConfig({
  testDir: 'e2e',
  outputDir: 'test-results',
  timeout: 120_000,
  expect: { timeout: 30_000 },
  workers: 1,
  // A busy build machine may miss a deadline once; a fault fails twice.
  retries: 1,
  reporter: [['list']],
  use: {
    baseURL: process.env.TOCSIN_URL ?? 'http://127.0.0.1:8080',
    viewport: { width: 1440, height: 900 },
    screenshot: 'only-on-failure',
    launchOptions: { executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] },
  },
});
