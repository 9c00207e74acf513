import { linkPieces, textBlocks } from '../text-blocks';

/** What a ticket says: paragraphs, and evidence as it was. */
export function TicketText({ text }: { text: string }) {
  const blocks = textBlocks(text);
  if (blocks.length === 0) return <p className="text-sm text-faint">It says nothing.</p>;
  return (
    <div className="space-y-2 text-sm">
      {blocks.map((block, index) =>
        block.kind === 'lines' ? (
          <p key={index} className="rounded-md border border-line bg-sunken px-2.5 py-1.5 font-mono text-xs leading-5 [overflow-wrap:anywhere] whitespace-pre-wrap">
            {block.text}
          </p>
        ) : (
          <p key={index} className="[overflow-wrap:anywhere] whitespace-pre-line">
            <Linked text={block.text} />
          </p>
        ),
      )}
    </div>
  );
}

function Linked({ text }: { text: string }) {
  return linkPieces(text).map((piece, index) =>
    index % 2 === 1 ? (
      <a key={index} href={piece} target="_blank" rel="noreferrer" className="text-accent hover:underline">
        {piece}
      </a>
    ) : (
      piece
    ),
  );
}
