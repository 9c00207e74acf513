import type { AutomationRule } from '@/api-client/automation-types';
import { formatSpan } from '@/lib/format';

import { stageText } from './stages';
import { lineOfField } from './yaml-places';

const unquoted = (text: string) => text.trim().replace(/^(["'])(.*)\1$/, '$2');

/** The types of failure that a rule is for, as its text says; none: any. */
export function failureTypesOf(yaml: string): string[] {
  const line = lineOfField(yaml, 'match.failure_type');
  if (line === undefined) return [];
  const [first = '', ...rest] = yaml.split('\n').slice(line - 1);
  const said = /failure_type["']?\s*:\s*(\[[^\]]*\]|[^,}#\n]*)/.exec(first)?.[1]?.trim();
  if (said === undefined) return [];
  if (said.startsWith('[')) return said.slice(1, -1).split(',').map(unquoted).filter(Boolean);
  if (said !== '') return [unquoted(said)];
  const end = rest.findIndex((one) => !/^\s*- /.test(one));
  return rest.slice(0, end < 0 ? undefined : end).map((one) => unquoted(one.replace(/^\s*- /, '')));
}

/** Who has to agree, in words. */
export function approvalText({ approval }: Pick<AutomationRule, 'approval'>): string {
  if (approval.required === 'never') return 'nobody';
  const stages = approval.stages.map(stageText).join(', then ');
  const two = approval.two_person ? ', two people' : '';
  return `${stages}${two}${approval.required === 'when' ? ` if ${approval.when ?? ''}` : ''}`;
}

/** A span as people write it in a rule: `1h`, `15m`; what is no whole unit in seconds. */
export function spanText(secs: number): string {
  for (const [size, unit] of [[86_400, 'd'], [3600, 'h'], [60, 'm']] as const) if (secs >= size && secs % size === 0) return `${secs / size}${unit}`;
  return `${secs}s`;
}

const UNITS = { s: 1, m: 60, h: 3600, d: 86_400 } as const;

/** Seconds of a span such as `90`, `15m` or `1h 30m`; `undefined` if it is none. */
export function spanSecs(text: string): number | undefined {
  const trimmed = text.trim();
  if (/^\d+$/.test(trimmed)) return Number(trimmed);
  if (!/^(\d+\s*[smhd]\s*)+$/.test(trimmed)) return undefined;
  return [...trimmed.matchAll(/(\d+)\s*([smhd])/g)].reduce((sum, [, amount, unit]) => sum + Number(amount) * UNITS[unit as keyof typeof UNITS], 0);
}

/** How many runs may be within how long, in words. */
export const limitText = ({ runs_max, window_secs }: { runs_max: number; window_secs: number }) => `${runs_max} within ${formatSpan(window_secs)}`;

/** The id in a rule's text. */
export const idOf = (yaml: string) => /^(?:- +)?id\s*:\s*["']?([^\s"'#]+)/m.exec(yaml)?.[1];
