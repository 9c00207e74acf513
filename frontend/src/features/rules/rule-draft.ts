import type { AlertRule } from '@/api-client/types';

export const KINDS = ['log', 'metric', 'anomaly', 'predictive', 'no_data'] as const;
export type RuleKind = (typeof KINDS)[number];

/** What a condition can speak of, by what the rule looks at. */
export const FACTS: Record<RuleKind, string[]> = {
  log: ['template', 'template_id', 'is_new', 'severity', 'severity_number', 'source', 'host', 'failure_type', 'failure_severity', 'confidence', 'body', 'attributes'],
  metric: ['value', 'labels'],
  anomaly: ['detector', 'score', 'observed', 'expected', 'lower', 'upper', 'metric', 'labels'],
  predictive: ['probability', 'lead_hours', 'current', 'threshold', 'prediction', 'labels'],
  no_data: ['labels'],
};

export const EXAMPLES: Record<RuleKind, string> = {
  log: 'failure_type == "disk_full" && confidence >= 0.6',
  metric: 'value > 0.9',
  anomaly: 'score >= 0.95',
  predictive: 'probability >= 0.8 && lead_hours <= 24.0',
  no_data: 'labels.job == "node"',
};

/** The fields that only some kinds have. */
const OWN: Record<RuleKind, string[]> = { log: ['count', 'window'], metric: ['query'], anomaly: [], predictive: [], no_data: ['query', 'after'] };
export const hasField = (on: RuleKind, field: string) => OWN[on].includes(field);

/** A rule as text in a form. */
export interface RuleDraft {
  id: string;
  about: string;
  on: RuleKind;
  when: string;
  query: string;
  count: string;
  window: string;
  after: string;
  for: string;
  keep_firing_for: string;
  group_by: string;
  severity: string;
  title: string;
  labels: string;
  annotations: string;
  enabled: boolean;
  version?: number | null;
}

export const NEW_RULE: RuleDraft = { id: '', about: '', on: 'log', when: '', query: '', count: '', window: '', after: '', for: '', keep_firing_for: '', group_by: '', severity: 'auto', title: '', labels: '', annotations: '', enabled: true };

export const FIELDS: readonly (keyof RuleDraft)[] = Object.keys(NEW_RULE) as (keyof RuleDraft)[];

const pairsText = (pairs: Record<string, string> | undefined) =>
  Object.entries(pairs ?? {})
    .map(([key, value]) => `${key}=${value}`)
    .join('\n');

export function draftOf(rule: AlertRule): RuleDraft {
  return {
    id: rule.id ?? '',
    about: rule.about ?? '',
    on: rule.on,
    when: rule.when ?? '',
    query: rule.query ?? '',
    count: rule.count?.toString() ?? '',
    window: rule.window ?? '',
    after: rule.after ?? '',
    for: rule.for ?? '',
    keep_firing_for: rule.keep_firing_for ?? '',
    group_by: (rule.group_by ?? []).join(', '),
    severity: rule.severity ?? 'auto',
    title: rule.title ?? '',
    labels: pairsText(rule.labels),
    annotations: pairsText(rule.annotations),
    enabled: rule.enabled ?? true,
    version: rule.version,
  };
}

/** A line for each pair, `key=value`; a line without `=` is a key with nothing. */
function pairsOf(text: string): Record<string, string> {
  const lines = text.split('\n').map((line) => line.trim()).filter(Boolean);
  return Object.fromEntries(
    lines.map((line) => {
      const at = line.indexOf('=');
      return at < 0 ? [line, ''] : [line.slice(0, at).trim(), line.slice(at + 1).trim()];
    }),
  );
}

/** The rule that a form describes; what is left empty is the server's default. */
export function ruleOf(draft: RuleDraft): AlertRule {
  const text = (value: string) => value.trim() || undefined;
  const own = (field: 'query' | 'window' | 'after') => (hasField(draft.on, field) ? text(draft[field]) : undefined);
  return {
    id: text(draft.id),
    about: draft.about.trim(),
    on: draft.on,
    when: text(draft.when),
    query: own('query'),
    count: hasField(draft.on, 'count') && text(draft.count) ? Number(draft.count) : undefined,
    window: own('window'),
    after: own('after'),
    for: text(draft.for),
    keep_firing_for: text(draft.keep_firing_for),
    group_by: draft.group_by.split(/[\s,]+/).filter(Boolean),
    severity: draft.severity,
    title: text(draft.title),
    labels: pairsOf(draft.labels),
    annotations: pairsOf(draft.annotations),
    enabled: draft.enabled,
    version: draft.version ?? undefined,
  };
}

/** What a rule looks for, in a line. */
export function conditionText({ query, when, count, window, after }: AlertRule): string {
  const parts = [query, when, after ? `nothing for ${after}` : undefined, typeof count === 'number' && count > 1 ? `${count} times${window ? ` within ${window}` : ''}` : undefined];
  return parts.filter(Boolean).join(' · ') || 'always';
}
