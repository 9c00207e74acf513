import type { View } from './view';

/** The pages. Each is one segment deep, and `RUN` below it the only one that is deeper: see `BASE`. */
export const PAGES = {
  home: '/',
  copilot: '/copilot',
  digest: '/digest',
  search: '/search',
  patterns: '/patterns',
  tail: '/tail',
  // Not `/metrics`: there the server's own metrics are read by Prometheus.
  metrics: '/series',
  alerts: '/alerts',
  incidents: '/incidents',
  changes: '/changes',
  runbooks: '/runbooks',
  tickets: '/tickets',
  automation: '/automation',
  rules: '/rules',
  subscriptions: '/subscriptions',
  sources: '/sources',
  jobs: '/jobs',
  system: '/system',
} as const;

/** One run of automation: the address that Slack, the command line and webhooks give to people. */
export const RUN = '/automation/runs/$run';

export type PagePath = (typeof PAGES)[keyof typeof PAGES];

/** What goes along when a page leads to another: the time range. */
export const carried = ({ from, to, refresh }: View): View => ({ from, to, refresh });
