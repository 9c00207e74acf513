/** Helpers that write the query language; the server alone reads it. */

const PLAIN = /^[\p{L}\p{N}_./@-]+$/u;

export function quote(value: string): string {
  return PLAIN.test(value) && !value.startsWith('-') ? value : `"${value.replace(/(["\\])/g, '\\$1')}"`;
}

/** Whether the language can name this field; keys cannot stand in quotes. */
export const isKey = (key: string) => /^[\p{L}_@][\p{L}\p{N}_.@/-]*$/u.test(key);

export function fieldTerm(key: string, value: string, exclude = false): string {
  return `${exclude ? '-' : ''}${key}:${quote(value)}`;
}

/** Adds a term unless it is there; the opposite term gives way to it. */
export function withTerm(query: string | undefined, term: string): string {
  const opposite = term.startsWith('-') ? term.slice(1) : `-${term}`;
  const base = withoutTerm(query ?? '', opposite);
  return hasTerm(base, term) ? base : `${base} ${term}`.trim();
}

export function hasTerm(query: string | undefined, term: string): boolean {
  return ` ${query ?? ''} `.includes(` ${term} `);
}

export function withoutTerm(query: string, term: string): string {
  return ` ${query} `.replace(` ${term} `, ' ').trim();
}
