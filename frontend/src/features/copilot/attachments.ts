import { formatBytes, plural } from '@/lib/format';

/** A text that comes with a question; its size is what the server counts. */
export interface Attachment {
  name: string;
  text: string;
  bytes: number;
}

/** As much as the server takes with a question. */
export const ATTACHMENTS_MAX = 10;
export const ATTACHED_BYTES_MAX = 1 << 20;
const NAME_BYTES_MAX = 200;

/** A text that is pasted and longer than this is offered to be attached. */
const PASTED_CHARS_MAX = 2000;
const PASTED_LINES_MAX = 20;
export const PASTED_NAME = 'pasted.txt';

/** Stands in the kept words of a question before the names of what came with it. */
const ATTACHED = '\nAttached: ';

const bytesOf = (text: string) => new TextEncoder().encode(text).length;

/** What is attached to the next question, and why other texts are not. */
export interface Attached {
  attached: Attachment[];
  refused: string[];
}

/** What is attached after some texts more, of which some may be left out already: all bounds hold of it. */
export function attach(held: readonly Attachment[], texts: readonly Pick<Attachment, 'name' | 'text'>[], leftOut = 0): Attached {
  const attached = [...held];
  const refused: string[] = [];
  let over = leftOut;
  for (const { name, text } of texts) {
    const bytes = bytesOf(text);
    const all = attached.reduce((sum, one) => sum + one.bytes, bytes);
    if (text.trim() === '') refused.push(`${name} is empty.`);
    else if (attached.length === ATTACHMENTS_MAX) over += 1;
    else if (all > ATTACHED_BYTES_MAX) refused.push(tooLarge(name, bytes, attached.length > 0));
    else attached.push({ name: ownName(name, attached), text, bytes });
  }
  if (over > 0) refused.push(`${plural(over, 'text')} left out: at most ${ATTACHMENTS_MAX} can be attached.`);
  return { attached, refused };
}

/** Why a text is not attached for its size. */
export const tooLarge = (name: string, bytes: number, isBeside = false) =>
  `${name} has ${formatBytes(bytes)}: ${isBeside ? 'all together may have' : 'at most'} ${formatBytes(ATTACHED_BYTES_MAX)}.`;

/** The name on one line, with no comma that would part names, within its bound, and like no other. */
function ownName(name: string, others: readonly Attachment[]): string {
  const words = name.replace(/\s+/g, ' ').replaceAll(', ', ',').trim() || 'attached.txt';
  const dot = words.lastIndexOf('.');
  const [stem, ending] = dot > 0 && words.length - dot <= 12 ? [words.slice(0, dot), words.slice(dot)] : [words, ''];
  for (let nth = 1; ; nth += 1) {
    const end = nth === 1 ? ending : `-${nth}${ending}`;
    const own = fit(stem, NAME_BYTES_MAX - bytesOf(end)) + end;
    if (!others.some((other) => other.name === own)) return own;
  }
}

/** As many whole letters of the beginning as have room. */
function fit(text: string, bytes: number): string {
  const { read } = new TextEncoder().encodeInto(text, new Uint8Array(bytes));
  return text.slice(0, read);
}

/** What a file says; nothing if it is no text. Windows writes the output of commands in UTF-16. */
export function textOf(bytes: Uint8Array): string | undefined {
  const encoding = bytes[0] === 0xff && bytes[1] === 0xfe ? 'utf-16le' : bytes[0] === 0xfe && bytes[1] === 0xff ? 'utf-16be' : 'utf-8';
  const text = new TextDecoder(encoding).decode(bytes);
  return text.includes('\0') ? undefined : text;
}

/** Whether a text that is pasted is rather something to be read than a question. */
export const isRatherAttached = (pasted: string) => pasted.length > PASTED_CHARS_MAX || pasted.trimEnd().split('\n').length > PASTED_LINES_MAX;

/** The words of a question as the server keeps it, and the names of what came with it. */
export function readQuestion(kept: string): { words: string; names: string[] } {
  const at = kept.lastIndexOf(ATTACHED);
  if (at < 0) return { words: kept, names: [] };
  return { words: kept.slice(0, at), names: kept.slice(at + ATTACHED.length).split(', ') };
}
