import { useState } from 'react';

import { attach, ATTACHED_BYTES_MAX, ATTACHMENTS_MAX, textOf, tooLarge, type Attached, type Attachment } from '../attachments';

/** What is attached to the question that is being written. */
export interface Attaching extends Attached {
  isReading: boolean;
  addFiles: (files: readonly File[]) => Promise<void>;
  /** Says whether there was room for it. */
  addText: (name: string, text: string) => boolean;
  remove: (name: string) => void;
  clear: () => void;
  /** Puts back what could not be sent, beside what was attached meanwhile. */
  restore: (attached: readonly Attachment[]) => void;
}

const NOTHING: Attached = { attached: [], refused: [] };
/** In UTF-16 a text may be twice as large as it is when it is sent. */
const FILE_BYTES_MAX = 2 * ATTACHED_BYTES_MAX + 2;

export function useAttachments(): Attaching {
  const [now, setNow] = useState(NOTHING);
  const [reading, setReading] = useState(0);
  const addFiles = async (files: readonly File[]) => {
    setReading((count) => count + 1);
    const texts: { name: string; text: string }[] = [];
    const refused: string[] = [];
    // One after the other, and no more than could be attached: what is dropped may be a whole folder's files.
    for (const file of files.slice(0, ATTACHMENTS_MAX)) {
      const said = await read(file);
      if ('text' in said) texts.push({ name: file.name, text: said.text });
      else refused.push(said.problem);
    }
    setNow(({ attached }) => {
      const next = attach(attached, texts, Math.max(0, files.length - ATTACHMENTS_MAX));
      return { attached: next.attached, refused: [...refused, ...next.refused] };
    });
    setReading((count) => count - 1);
  };
  const addText = (name: string, text: string) => {
    const next = attach(now.attached, [{ name, text }]);
    setNow(next);
    return next.refused.length === 0;
  };
  return {
    ...now,
    isReading: reading > 0,
    addFiles,
    addText,
    remove: (name) => setNow(({ attached }) => ({ attached: attached.filter((one) => one.name !== name), refused: [] })),
    clear: () => setNow(NOTHING),
    restore: (sent) => setNow(({ attached }) => attach(sent, attached)),
  };
}

async function read(file: File): Promise<{ text: string } | { problem: string }> {
  if (file.size > FILE_BYTES_MAX) return { problem: tooLarge(file.name, file.size) };
  try {
    const text = textOf(new Uint8Array(await file.arrayBuffer()));
    return text === undefined ? { problem: `${file.name} is no text.` } : { text };
  } catch {
    return { problem: `${file.name} cannot be read.` };
  }
}
