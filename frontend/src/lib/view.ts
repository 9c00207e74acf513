import { isAlertSeverity, type AlertSeverity } from './alert-words';
import { isSeverity, type Severity } from './severity';
import { isDecisionAction, type DecisionAction } from './ticket-words';

export const SEARCH_MODES = ['text', 'semantic', 'hybrid'] as const;
export type SearchMode = (typeof SEARCH_MODES)[number];

export const RECORD_TABS = ['record', 'context', 'similar', 'template'] as const;
export type RecordTab = (typeof RECORD_TABS)[number];

export const HORIZONS = ['6h', '1d', '7d'] as const;
export type Horizon = (typeof HORIZONS)[number];

/** Everything a page shows that a link must bring back. It lives in the URL and nowhere else. */
export interface View {
  q?: string;
  mode?: SearchMode;
  from?: string;
  to?: string;
  /** Seconds between automatic refreshes. */
  refresh?: number;
  source?: string[];
  host?: string[];
  severity?: Severity[];
  template?: string[];
  order?: 'oldest';
  /** The record whose drawer is open. */
  record?: string;
  tab?: RecordTab;
  /** The part of a page that is shown, where a page has several. */
  view?: string;
  sort?: string;
  /** The series of metrics whose charts are shown, from top to bottom. */
  series?: string[];
  /** A PromQL selector that narrows the list of series. */
  match?: string;
  /** What is drawn beside the values: the same time a week before. */
  compare?: 'week';
  /** How far ahead the forecast is drawn. */
  horizon?: Horizon;
  /** What is drawn below a chart: the lines of the same host. */
  below?: 'logs';
  detector?: string;
  /** What of a list is shown: only what lasts, or is raised, now. */
  only?: 'now';
  /** Alerts and incidents of this status; unset: those that are not resolved. */
  status?: string;
  alert_severity?: AlertSeverity[];
  kind?: string;
  rule?: string;
  failure_type?: string;
  /** Tickets of this tracker. */
  tracker?: string;
  /** What was decided about tickets. */
  action?: DecisionAction[];
  /** Matchers of labels, such as `team="db", host=~"web-.*"`. */
  label?: string;
  /** Whose alerts; `-` for nobody's. */
  assignee?: string;
  /** By what the alerts are put together. */
  group?: string;
  /** The ticket whose drawer is open. */
  ticket?: string;
  /** The alert whose drawer is open, or what tickets and decisions are about. */
  alert?: string;
  /** The subscription that is looked at, or whose deliveries are. */
  subscription?: string;
  /** The incident that is looked at, or whose alerts are. */
  incident?: string;
  /** Runs of this provider of automation. */
  provider?: string;
  /** The run that is looked at among those that wait. */
  run?: string;
  /** The job whose drawer is open. */
  job?: string;
  /** Jobs of this schedule. */
  schedule?: string;
  /** The conversation that is read. */
  thread?: string;
  /** Changes of this service or host. */
  entity?: string;
  /** The change that is pointed at. */
  change?: string;
}

const list = (text: string | undefined) => {
  const items = text?.split(',').filter(Boolean) ?? [];
  return items.length > 0 ? items : undefined;
};

const oneOf = <T extends string>(choices: readonly T[], text: string | undefined) =>
  choices.find((choice) => choice === text);

/** Reads the query string's values; what makes no sense is left out rather than reported. */
export function parseView(raw: Record<string, unknown>): View {
  const text = (key: string) => {
    const value = raw[key];
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  const refresh = Number(text('refresh'));
  const severities = list(text('severity'))?.filter(isSeverity);
  const alertSeverities = list(text('alert_severity'))?.filter(isAlertSeverity);
  const actions = list(text('action'))?.filter(isDecisionAction);
  const view: View = {
    q: text('q'),
    mode: oneOf(SEARCH_MODES, text('mode')),
    from: text('from'),
    to: text('to'),
    refresh: refresh >= 5 ? refresh : undefined,
    source: list(text('source')),
    host: list(text('host')),
    severity: severities?.length ? severities : undefined,
    template: list(text('template')),
    order: oneOf(['oldest'], text('order')),
    record: text('record'),
    tab: oneOf(RECORD_TABS, text('tab')),
    view: text('view'),
    sort: text('sort'),
    series: list(text('series')),
    match: text('match'),
    compare: oneOf(['week'], text('compare')),
    horizon: oneOf(HORIZONS, text('horizon')),
    below: oneOf(['logs'], text('below')),
    detector: text('detector'),
    only: oneOf(['now'], text('only')),
    status: text('status'),
    alert_severity: alertSeverities?.length ? alertSeverities : undefined,
    kind: text('kind'),
    rule: text('rule'),
    failure_type: text('failure_type'),
    tracker: text('tracker'),
    action: actions?.length ? actions : undefined,
    label: text('label'),
    assignee: text('assignee'),
    group: text('group'),
    ticket: text('ticket'),
    alert: text('alert'),
    subscription: text('subscription'),
    incident: text('incident'),
    provider: text('provider'),
    run: text('run'),
    job: text('job'),
    schedule: text('schedule'),
    thread: text('thread'),
    entity: text('entity'),
    change: text('change'),
  };
  return compact(view);
}

/** Leaves out what is not set, so that two equal views are equal objects and equal URLs. */
export function compact(view: View): View {
  const set = Object.entries(view).filter(([, value]) => value !== undefined && value !== '' && !(Array.isArray(value) && value.length === 0));
  return Object.fromEntries(set) as View;
}

export function parseQueryString(text: string): Record<string, string> {
  return Object.fromEntries(new URLSearchParams(text));
}

/** Keeps what may stand in a query string readable: people read and edit these URLs. */
export function formatQueryString(view: Record<string, unknown>): string {
  const parameters = new URLSearchParams();
  for (const [key, value] of Object.entries(view)) {
    if (value === undefined || value === '' || (Array.isArray(value) && value.length === 0)) continue;
    parameters.set(key, Array.isArray(value) ? value.join(',') : String(value));
  }
  const text = parameters.toString().replace(/%2C/g, ',').replace(/%3A/g, ':').replace(/%2F/g, '/');
  return text && `?${text}`;
}
