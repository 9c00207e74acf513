import type { PageContext } from '@/api-client/copilot-types';
import type { Focus } from '@/lib/ask';
import { PAGES } from '@/lib/pages';
import { fieldTerm } from '@/lib/query-text';
import { METRICS_FROM, resolveRange } from '@/lib/time-range';
import type { View } from '@/lib/view';

/** What the page that is open is about, as a question from it is to be understood. */
export function pageContext(path: string, view: View, now: number, focus: Focus = {}): PageContext {
  if (path === PAGES.copilot) return {};
  const isMetrics = path === PAGES.metrics;
  const isDay = isMetrics || path === PAGES.digest;
  const range = resolveRange({ from: view.from ?? (isDay && !view.to ? METRICS_FROM : undefined), to: view.to }, now);
  const context: PageContext = {
    alert: view.alert,
    incident: view.incident,
    record: view.record,
    metric: focus.metric ?? (isMetrics ? shownMetric(view) : undefined),
    query: path === PAGES.search || path === PAGES.tail ? shownQuery(view) : undefined,
    from: focus.from ?? range.from,
    to: focus.to ?? range.to,
  };
  return Object.fromEntries(Object.entries(context).filter(([, value]) => value !== undefined));
}

const shownMetric = ({ view, q, series, match }: View) => (view === 'query' ? q : (series?.[0] ?? match));

/** The search with its filters, in the query language. */
function shownQuery({ q, source, host, severity, template }: View): string | undefined {
  const either = (key: string, values: readonly string[] = []) => {
    const terms = values.map((value) => fieldTerm(key, value));
    return terms.length > 1 ? `(${terms.join(' OR ')})` : terms[0];
  };
  const words = q?.trim();
  const filters = [either('source', source), either('host', host), either('severity', severity), either('template', template)].filter((term) => term !== undefined);
  const own = words && filters.length > 0 && / OR /.test(words) ? `(${words})` : words;
  return [own, ...filters].filter(Boolean).join(' ') || undefined;
}

/** What a question is about, in a few words for each part; `show` writes a moment. */
export function contextWords(page: PageContext, show: (time: string) => string): string[] {
  const { alert, incident, record, metric, query, from, to } = page;
  const words = [alert && 'the alert', incident && 'the incident', record && 'the log line', metric && `the metric ${metric}`, query && `the search “${query}”`];
  const range = from && to ? `${show(from)} → ${show(to)}` : from ? `the time since ${show(from)}` : to ? `the time until ${show(to)}` : undefined;
  return [...words, range].filter((part): part is string => Boolean(part));
}

/** Questions that may be asked first; each is understood without a model. */
export function firstQuestions({ alert, incident, record, metric, query }: PageContext): string[] {
  if (alert || incident) return ['What caused this?', 'What does this mean?', 'What changed before it?', 'Has this happened before?', 'What should I do about it?'];
  if (record) return ['What does this line mean?', 'Why did this happen?', 'What changed before it?'];
  if (metric) return ['Why is this high?', 'What changed before it?', 'When will it reach its limit?'];
  if (query) return ['Why does this happen?', 'How many are there?', 'What changed before it?'];
  return ['What is broken?', 'What happened in the last 24 hours?', 'What changed since yesterday?', 'Show the errors of the last hour', 'What will fill up?'];
}

/** Questions that may be asked first about what is attached. */
export const ATTACHED_QUESTIONS = ['What is wrong here?', 'Is everything healthy?', 'Show me the errors'];
