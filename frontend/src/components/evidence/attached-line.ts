import type { Evidence } from '@/api-client/types';

type Attached = Extract<Evidence, { type: 'attachment' }>;

/** Where a line of an attachment stands. */
export const attachedPlace = ({ name, line }: Attached) => `${name}, line ${line}`;

/** A fact of an attached line without its place, which is said beside it. */
export function attachedWords(text: string, evidence: Attached): string {
  const place = attachedPlace(evidence);
  if (!text.startsWith(place)) return text;
  const rest = text.slice(place.length);
  return rest.startsWith(': ') || rest.startsWith(' (counted: ') ? rest.replace(/^: | /, '') : text;
}
