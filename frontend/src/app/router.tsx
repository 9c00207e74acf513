import { createRootRoute, createRoute, createRouter, lazyRouteComponent, redirect } from '@tanstack/react-router';

import { BASE } from '@/lib/base';
import { PAGES, RUN } from '@/lib/pages';
import { formatQueryString, parseQueryString, parseView } from '@/lib/view';

import { RouteFailure } from './route-failure';
import { RouteMissing } from './route-missing';
import { Shell } from './shell/shell';

const root = createRootRoute({ component: Shell, notFoundComponent: RouteMissing, errorComponent: RouteFailure });

const page = (path: string, load: Parameters<typeof lazyRouteComponent>[0]) =>
  createRoute({ getParentRoute: () => root, path, component: lazyRouteComponent(load), errorComponent: RouteFailure });

/** Where someone gets who takes the id off the address of a run. */
const runs = createRoute({
  getParentRoute: () => root,
  path: '/automation/runs',
  beforeLoad: () => {
    throw redirect({ to: PAGES.automation, search: { view: 'runs' } as never });
  },
});

export const router = createRouter({
  routeTree: root.addChildren([
    page(PAGES.home, () => import('@/features/home/components/home-page')),
    page(PAGES.copilot, () => import('@/features/copilot/components/copilot-page')),
    page(PAGES.digest, () => import('@/features/digest/components/digest-page')),
    page(PAGES.search, () => import('./routes/search-route')),
    page(PAGES.patterns, () => import('@/features/patterns/components/patterns-page')),
    page(PAGES.tail, () => import('@/features/tail/components/tail-page')),
    page(PAGES.metrics, () => import('@/features/metrics/components/metrics-page')),
    page(PAGES.alerts, () => import('@/features/alerts/components/alerts-page')),
    page(PAGES.incidents, () => import('@/features/incidents/components/incidents-page')),
    page(PAGES.changes, () => import('@/features/changes/components/changes-page')),
    page(PAGES.runbooks, () => import('@/features/runbooks/components/runbooks-page')),
    page(PAGES.tickets, () => import('@/features/tickets/components/tickets-page')),
    page(PAGES.automation, () => import('@/features/automation/components/automation-page')),
    page(RUN, () => import('@/features/automation/components/run-page')),
    runs,
    page(PAGES.rules, () => import('@/features/rules/components/rules-page')),
    page(PAGES.subscriptions, () => import('@/features/subscriptions/components/subscriptions-page')),
    page(PAGES.sources, () => import('@/features/sources/components/sources-page')),
    page(PAGES.jobs, () => import('@/features/jobs/components/jobs-page')),
    page(PAGES.system, () => import('@/features/system/components/system-page')),
  ]),
  basepath: BASE,
  parseSearch: (text) => parseView(parseQueryString(text)),
  stringifySearch: formatQueryString,
  defaultPreload: 'intent',
  scrollRestoration: false,
});
