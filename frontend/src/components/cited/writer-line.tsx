import type { Writer } from '@/api-client/copilot-types';
import { formatTook, plural } from '@/lib/format';

/** Who wrote the sentences, and how many were not let through. */
export function WriterLine({ writer, tookMs }: { writer: Writer; tookMs?: number }) {
  const isModel = writer.provider !== 'extractive';
  return (
    <span className="text-xs text-faint" title={isModel && writer.prompt_hash ? `prompt, model and settings: ${writer.prompt_hash}` : undefined}>
      {isModel ? `Written by ${writer.model} (${writer.provider})` : 'Written by rules from what was found, without a model'}
      {writer.dropped > 0 && <span className="text-(--warn-text)">, {plural(writer.dropped, 'sentence')} dropped for want of evidence</span>}
      {tookMs !== undefined && ` · ${formatTook(tookMs)}`}
    </span>
  );
}
