import { measureOf, type Measure } from './units';

/** Functions whose answer has the unit of what they are given. */
const KEEPS_UNIT = new Set(['sum', 'avg', 'min', 'max', 'topk', 'bottomk', 'quantile', 'by', 'without', 'avg_over_time', 'min_over_time', 'max_over_time', 'last_over_time', 'quantile_over_time', 'increase', 'delta', 'abs', 'sort', 'sort_desc', 'offset']);
const RATES = new Set(['rate', 'irate', 'deriv']);

/** What the answer to a query counts, where that is plain: a metric, perhaps summed or as a rate. */
export function measureOfQuery(query: string): Measure {
  const bare = query.replace(/"[^"]*"|\{[^}]*\}|\[[^\]]*\]|\b(by|without)\s*\([^)]*\)/g, ' ');
  if (/[*/^%]|==|[<>]/.test(bare)) return measureOf('');
  const words = bare.match(/[a-zA-Z_:][\w:]*/g) ?? [];
  const functions = words.filter((word) => KEEPS_UNIT.has(word) || RATES.has(word));
  const names = words.filter((word) => !functions.includes(word));
  const units = new Set(names.map((name) => measureOf(name).unit));
  const name = names[0];
  if (name === undefined || units.size !== 1) return measureOf('');
  return measureOf(name, functions.some((word) => RATES.has(word)));
}
