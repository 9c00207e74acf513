import type { IconName } from '@/components/ui/icon';
import { PAGES, type PagePath } from '@/lib/pages';

interface Area {
  title?: string;
  pages: { to: PagePath; label: string; icon: IconName; about: string }[];
}

/** The areas that exist, in the order of the navigation. */
export const AREAS: Area[] = [
  {
    pages: [
      { to: PAGES.home, label: 'Start', icon: 'home', about: 'what is being read, and how to send more' },
      { to: PAGES.copilot, label: 'Copilot', icon: 'ask', about: 'ask what happened, why, and what to do' },
      { to: PAGES.digest, label: 'Digest', icon: 'calendar', about: 'what a day came to' },
    ],
  },
  {
    title: 'Alerts',
    pages: [
      { to: PAGES.alerts, label: 'Alerts', icon: 'bell', about: 'what is wrong now, and what is done about it' },
      { to: PAGES.incidents, label: 'Incidents', icon: 'incident', about: 'alerts that belong together' },
      { to: PAGES.changes, label: 'Changes', icon: 'change', about: 'deploys, configuration, scaling and restarts' },
      { to: PAGES.runbooks, label: 'Runbooks', icon: 'book', about: 'what to do about each type of failure' },
      { to: PAGES.tickets, label: 'Tickets', icon: 'ticket', about: 'which alerts have work planned, and what was decided and why' },
      { to: PAGES.automation, label: 'Automation', icon: 'bolt', about: 'what is proposed, what waits for approval, and what came of it' },
      { to: PAGES.rules, label: 'Rules', icon: 'rules', about: 'when something is told, what lines mean, what is held back' },
      { to: PAGES.subscriptions, label: 'Subscriptions', icon: 'send', about: 'who is told, where, and what became of it' },
    ],
  },
  {
    title: 'Logs',
    pages: [
      { to: PAGES.search, label: 'Search', icon: 'search', about: 'find lines by words or by meaning' },
      { to: PAGES.patterns, label: 'Clusters and patterns', icon: 'patterns', about: 'what kinds of lines there are' },
      { to: PAGES.tail, label: 'Live tail', icon: 'tail', about: 'lines as they arrive' },
    ],
  },
  {
    title: 'Metrics',
    pages: [{ to: PAGES.metrics, label: 'Series and forecasts', icon: 'metrics', about: 'what is measured, what is unusual, and when limits are reached' }],
  },
  {
    title: 'Server',
    pages: [
      { to: PAGES.sources, label: 'Sources', icon: 'sources', about: 'where lines come from' },
      { to: PAGES.jobs, label: 'Jobs', icon: 'clock', about: 'slow work: what is being done, what failed, and what is done when' },
      { to: PAGES.system, label: 'System', icon: 'system', about: 'storage, the language model and the audit trail' },
    ],
  },
];
