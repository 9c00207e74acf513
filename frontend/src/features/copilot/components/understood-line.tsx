import type { Understood } from '@/api-client/copilot-types';
import { formatTime } from '@/lib/format';
import { plain } from '@/lib/plain-text';
import { useZone } from '@/lib/stored';

/** How a question was understood, and which time was looked at. */
export function UnderstoodLine({ understood: { text, from, to, time_words, entities } }: { understood: Understood }) {
  const [zone] = useZone();
  return (
    <p className="text-xs break-words text-soft">
      <span className="text-faint">Understood as</span> <bdi>{plain(text)}</bdi>
      {/* What is answered from attachments looks at no time. */}
      {from !== to && (
        <>
          <span className="text-faint"> · </span>
          <span className="tabular-nums">
            {formatTime(from, zone, false)} → {formatTime(to, zone, false)}
          </span>
          {time_words && <span className="text-faint"> (“{plain(time_words)}”)</span>}
        </>
      )}
      {entities.map((entity) => (
        <span key={entity} className="ml-1.5 inline-block max-w-full truncate rounded bg-sunken px-1.5 align-bottom">
          {plain(entity)}
        </span>
      ))}
    </p>
  );
}
