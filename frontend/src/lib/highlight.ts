export interface TextPart {
  text: string;
  marked: boolean;
}

/** Cuts a text at spans of code points, as the API counts; overlapping spans become one. */
export function highlightParts(text: string, spans: [number, number][]): TextPart[] {
  if (spans.length === 0) return [{ text, marked: false }];
  // Only text beyond the basic plane counts differently in UTF-16.
  const units: string[] | string = /[\ud800-\udbff]/.test(text) ? Array.from(text) : text;
  const slice = (from: number, to: number) => {
    const part = units.slice(from, to);
    return typeof part === 'string' ? part : part.join('');
  };
  const parts: TextPart[] = [];
  let at = 0;
  for (const [start, end] of [...spans].sort(([a], [b]) => a - b)) {
    if (end <= at) continue;
    const from = Math.max(start, at);
    if (from > at) parts.push({ text: slice(at, from), marked: false });
    parts.push({ text: slice(from, end), marked: true });
    at = end;
  }
  if (at < units.length) parts.push({ text: slice(at, units.length), marked: false });
  return parts;
}

/** Cuts a pattern such as `from <ip> port <num>` at its variables. */
export function patternParts(pattern: string): TextPart[] {
  return pattern
    .split(/(<(?:\*|[a-z]+)>)/)
    .filter(Boolean)
    .map((text) => ({ text, marked: /^<(?:\*|[a-z]+)>$/.test(text) }));
}
