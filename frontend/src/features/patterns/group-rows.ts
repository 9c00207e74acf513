import { SEVERITIES, worstSeverity, type SeverityCounts } from '@/lib/severity';
import { parseTime } from '@/lib/time-range';

/** What clusters and templates have in common: a group of lines over time. */
export interface LineGroup {
  count: number;
  severities: SeverityCounts;
  first_seen: string;
  last_seen: string;
}

export const SORTS = ['count', 'severity', 'newest', 'first'] as const;
export type Sort = (typeof SORTS)[number];

export const sortOf = (text: string | undefined): Sort => SORTS.find((sort) => sort === text) ?? 'count';

const rank = (group: LineGroup) => SEVERITIES.length - SEVERITIES.indexOf(worstSeverity(group.severities));

const COMPARE: Record<Sort, (a: LineGroup, b: LineGroup) => number> = {
  count: (a, b) => b.count - a.count,
  severity: (a, b) => rank(b) - rank(a) || b.count - a.count,
  newest: (a, b) => parseTime(b.last_seen) - parseTime(a.last_seen),
  first: (a, b) => parseTime(b.first_seen) - parseTime(a.first_seen),
};

export const sorted = <T extends LineGroup>(groups: T[], sort: Sort): T[] => [...groups].sort(COMPARE[sort]);
