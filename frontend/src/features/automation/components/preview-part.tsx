import { useState } from 'react';

import type { ChangeCounts, PlanPreview } from '@/api-client/automation-types';
import { Part } from '@/components/part';
import { Button } from '@/components/ui/button';
import { PREVIEW_WORDS } from '@/lib/automation-words';
import { formatCount } from '@/lib/format';

import { previewLines } from '../diff-lines';

import { DiffText } from './diff-text';

const SHOWN = 200;

/** What would happen: how much changes, and line by line. */
export function PreviewPart({ preview }: { preview: PlanPreview }) {
  const [isWhole, setIsWhole] = useState(false);
  const lines = previewLines(preview.text, preview.kind);
  const more = isWhole ? 0 : lines.length - SHOWN;
  return (
    <Part title="What would happen" aside={preview.counts && <Counts counts={preview.counts} />}>
      <p className="text-sm text-soft">{PREVIEW_WORDS[preview.kind]}</p>
      {lines.length > 0 && <DiffText label="What would happen, line by line" lines={isWhole ? lines : lines.slice(0, SHOWN)} className="mt-1.5 max-h-[32rem]" />}
      {more > 0 && (
        <Button className="mt-1.5" onClick={() => setIsWhole(true)}>
          Show {formatCount(more)} more lines
        </Button>
      )}
      {preview.artifacts.length > 0 && (
        <ul aria-label="Files that it depends on" className="mt-1.5 space-y-0.5 text-xs text-faint">
          {preview.artifacts.map(({ name, sha256 }) => (
            <li key={name} title={sha256} className="[overflow-wrap:anywhere]">
              {name} as it is now, <code>{sha256.slice(0, 12)}</code>; another one voids the plan
            </li>
          ))}
        </ul>
      )}
    </Part>
  );
}

function Counts({ counts: { add, change, destroy } }: { counts: ChangeCounts }) {
  return (
    <span role="group" aria-label="How much changes" className="flex flex-wrap gap-x-3 text-xs tabular-nums">
      <span className={add > 0 ? 'font-medium text-ok' : 'text-faint'}>+{formatCount(add)} to add</span>
      <span className={change > 0 ? 'font-medium text-(--warn-text)' : 'text-faint'}>~{formatCount(change)} to change</span>
      <span className={destroy > 0 ? 'font-semibold text-danger' : 'text-faint'}>−{formatCount(destroy)} to destroy</span>
    </span>
  );
}
