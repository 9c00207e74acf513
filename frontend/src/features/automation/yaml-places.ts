import type { Problem } from '@/api-client/types';

/** What is wrong with a rule, and where in its text. */
export interface Mistake {
  /** From 1; none: it is about the whole. */
  line?: number;
  field?: string;
  text: string;
}

interface Entry {
  line: number;
  indent: number;
  key: string;
}

/** The keys of a text in YAML that stand at the beginning of a line, or of an entry of a list. */
function entriesOf(text: string): Entry[] {
  return text.split('\n').flatMap((line, index) => {
    const found = /^(\s*(?:- +)*)(["']?)([\w.-]+)\2\s*:(?:\s|$)/.exec(line);
    return found ? [{ line: index + 1, indent: found[1]?.length ?? 0, key: found[3] ?? '' }] : [];
  });
}

/** The line on which a field such as `verify.expect` stands; if it is written within another's line, or missing, that of the field around it. */
export function lineOfField(text: string, field: string): number | undefined {
  const path = field.replace(/\[\d+\]/g, '').split('.').filter(Boolean);
  let entries = entriesOf(text);
  let line: number | undefined;
  for (const key of path) {
    const least = Math.min(...entries.map(({ indent }) => indent));
    const at = entries.findIndex((entry) => entry.key === key && (line === undefined || entry.indent === least));
    const found = entries[at];
    if (!found) return line;
    line = found.line;
    const rest = entries.slice(at + 1);
    const end = rest.findIndex(({ indent }) => indent <= found.indent);
    entries = end < 0 ? rest : rest.slice(0, end);
  }
  return line;
}

const placed = (text: string, said: string, field: string | null | undefined): Mistake => {
  const line = /\bline (\d+)/.exec(said)?.[1];
  // The server names the field of a rule in backticks where it does not name it apart.
  const named = field ?? /`[^`]*`: `([\w.[\]]+)`:/.exec(said)?.[1] ?? /^(?:line \d+[^:]*: )?`([\w.[\]]+)`:/.exec(said)?.[1];
  return { line: line ? Number(line) : named ? lineOfField(text, named) : undefined, field: named, text: said };
};

/** What the server said about a text, each at its place. */
export function mistakesOf(text: string, { detail, errors = [] }: Pick<Problem, 'detail' | 'errors'>): Mistake[] {
  if (errors.length === 0) return [placed(text, detail, undefined)];
  return errors.map((error) => {
    // Of a mistake in the text the server says in its detail what was expected; beside it stands only that it is no rule.
    const isText = error.field === 'yaml';
    const own = placed(text, error.expected && !isText ? `${error.detail}: expected ${error.expected}` : error.detail, isText ? undefined : error.field);
    // The line may be said in the whole only.
    return own.line === undefined && errors.length === 1 ? { ...own, line: placed(text, detail, undefined).line } : own;
  });
}

/** Where a line begins and ends within a text, for selecting it. */
export function lineRange(text: string, line: number): [number, number] {
  const lines = text.split('\n');
  const start = lines.slice(0, line - 1).reduce((sum, one) => sum + one.length + 1, 0);
  return [start, start + (lines[line - 1]?.length ?? 0)];
}
