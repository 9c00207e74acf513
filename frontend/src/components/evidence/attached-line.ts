import type { Evidence } from '@/api-client/types';

type Attached = Extract<Evidence, { type: 'attachment' }>;

/** Where a line of an attachment stands. */
export const attachedPlace = ({ name, line }: Attached) => `${name}, line ${line}`;

/** What the fact of an attached line says without its place, which is said beside it with what was counted there. */
export function attachedWords(text: string, evidence: Attached): { line: string; counted?: string } {
  const place = attachedPlace(evidence);
  const said = text.startsWith(place) ? /^(?: \(counted: ([\d, ]+)\))?: (.*)$/s.exec(text.slice(place.length)) : null;
  return said ? { line: said[2] ?? '', counted: said[1] } : { line: text };
}
