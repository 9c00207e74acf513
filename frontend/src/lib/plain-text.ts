/**
 * Marks that turn the order of letters round, that hide, or that steer a terminal; they have no
 * business in words from outside. Joiners stay: some scripts and signs are written with them.
 */
const HIDDEN = /(?![\t\n])\p{Cc}|\p{Bidi_Control}|[\u200B\u2060-\u2064\u206A-\u206F\uFEFF\u{E0000}-\u{E007F}]/gu;

/** Words from outside with what cannot be seen in them made visible: `\u{202e}`. */
export const plain = (text: string) => text.replace(HIDDEN, (mark) => `\\u{${(mark.codePointAt(0) ?? 0).toString(16)}}`);

/** An address that may be a link: of the web, and whole. */
export function webAddress(url: string | null | undefined): string | undefined {
  if (!url || !/^https?:\/\//i.test(url)) return undefined;
  try {
    return new URL(url).href;
  } catch {
    return undefined;
  }
}
