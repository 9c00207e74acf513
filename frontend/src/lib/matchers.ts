import { ownLabels, type Labels } from './labels';

/** What a label must be; the names are the API's. */
export interface Matcher {
  name: string;
  value: string;
  is_equal?: boolean;
  is_regex?: boolean;
}

const ONE = /\s*([A-Za-z_][A-Za-z0-9_]*)\s*(=~|!~|!=|=)\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*))\s*(?:,|$)/y;

/** Reads `team="db", host=~"web-.*"`, with or without braces; undefined if it cannot be read. */
export function parseMatchers(text: string): Matcher[] | undefined {
  const inner = text.trim().replace(/^\{(.*)\}$/s, '$1').trim();
  const found: Matcher[] = [];
  ONE.lastIndex = 0;
  while (ONE.lastIndex < inner.length) {
    const match = ONE.exec(inner);
    if (!match) return undefined;
    const [, name = '', sign = '=', quoted, bare] = match;
    const value = quoted === undefined ? (bare ?? '') : quoted.replace(/\\(.)/g, (_, char: string) => (char === 'n' ? '\n' : char));
    found.push({ name, value, is_equal: !sign.startsWith('!'), is_regex: sign.endsWith('~') });
  }
  return found;
}

const signOf = ({ is_equal = true, is_regex = false }: Matcher) => (is_regex ? (is_equal ? '=~' : '!~') : is_equal ? '=' : '!=');

export const matcherText = (matcher: Matcher) =>
  `${matcher.name}${signOf(matcher)}"${matcher.value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`;

export const matchersText = (matchers: readonly Matcher[]) => matchers.map(matcherText).join(', ');

/** The matchers of exactly these labels. */
export const matchersOf = (labels: Labels): Matcher[] => ownLabels(labels).map(([name, value]) => ({ name, value, is_equal: true, is_regex: false }));

/** Whether labels are as all matchers say; a label that is not there counts as empty. */
export function satisfies(labels: Labels, matchers: readonly Matcher[]): boolean {
  return matchers.every(({ name, value, is_equal = true, is_regex = false }) => {
    const own = labels[name] ?? '';
    return (is_regex ? wholeMatch(own, value) : own === value) === is_equal;
  });
}

function wholeMatch(text: string, pattern: string): boolean {
  try {
    return new RegExp(`^(?:${pattern})$`, 's').test(text);
  } catch {
    // The server's expressions know things that the browser's do not; the server has said so already.
    return false;
  }
}
