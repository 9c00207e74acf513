/** A piece of what a ticket says: words, or lines that are kept as they are. */
export interface Block {
  kind: 'words' | 'lines';
  text: string;
}

/** Paragraphs are apart by an empty line; lines that begin with four spaces are kept as they are. */
export const textBlocks = (text: string): Block[] => text.split(/\n\s*\n/).flatMap(blocksOf);

function blocksOf(paragraph: string): Block[] {
  const blocks: Block[] = [];
  for (const line of paragraph.split('\n').filter((one) => one.trim() !== '')) {
    const isKept = line.startsWith('    ');
    const shown = isKept ? line.slice(4) : line;
    const kind = isKept ? 'lines' : 'words';
    const last = blocks.at(-1);
    if (last?.kind === kind) last.text += `\n${shown}`;
    else blocks.push({ kind, text: shown });
  }
  return blocks;
}

/** Words cut where an address begins and ends: every other piece is one. */
export const linkPieces = (text: string) => text.split(/(https?:\/\/[^\s<>"]*[^\s<>".,;:!?)\]])/);
