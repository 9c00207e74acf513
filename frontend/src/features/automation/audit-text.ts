import { words } from '@/lib/alert-words';

/** What an entry of the audit trail is about: `run:ID`, `automation_rule:ID`, or automation as a whole. */
export function subjectOf(subject: string): { kind: 'run' | 'rule' | 'other'; id: string } {
  const [, kind, id] = /^(run|automation_rule):(.+)$/.exec(subject) ?? [];
  if (id === undefined) return { kind: 'other', id: subject };
  return { kind: kind === 'run' ? 'run' : 'rule', id };
}

/** What was done, in words: `automation.run.planned` is “planned”; what it is about stands beside it. */
export const actionText = (action: string) => words(action.replace(/^automation\.(run\.)?/, '').replaceAll('.', ' '));

/** A value of the details, as short as it can be said. */
export function detailText(value: unknown): string {
  if (typeof value === 'string') return value;
  if (Array.isArray(value) && value.every((one) => typeof one === 'string')) return value.join(', ');
  return JSON.stringify(value);
}

/** What is said elsewhere, or tells people nothing. */
const LEFT_OUT = new Set(['seq', 'alert', 'from', 'to', 'rule_version', 'detail']);
const HASH = /^[0-9a-f]{64}$/;

/** The details of an entry as short pairs; what says nothing is left out. */
export const detailPairs = (details: Record<string, unknown>): [string, string][] =>
  Object.entries(details)
    .filter(([name, value]) => !LEFT_OUT.has(name) && value !== null && value !== '' && !(Array.isArray(value) && value.length === 0))
    .map(([name, value]) => [words(name), typeof value === 'string' && HASH.test(value) ? value.slice(0, 12) : detailText(value)]);
