import { useState } from 'react';

import type { Summed } from '@/api-client/get-summary';

import { Button } from '../ui/button';

import { SummaryView } from './summary-view';

interface Choice {
  label: string;
  summed: Summed;
  /** The name of what is downloaded, without its ending. */
  file: string;
}

/** Summaries that are written when somebody asks for them. */
export function SummaryOnDemand({ choices }: { choices: readonly Choice[] }) {
  const [chosen, setChosen] = useState<string>();
  const shown = choices.find(({ label }) => label === chosen);
  return (
    <div className="space-y-3">
      <div className="flex flex-wrap gap-2">
        {choices.map(({ label }) => (
          <Button key={label} aria-expanded={label === chosen} className={label === chosen ? 'bg-chosen' : ''} onClick={() => setChosen(label === chosen ? undefined : label)}>
            {label}
          </Button>
        ))}
      </div>
      {shown && <SummaryView key={shown.label} summed={shown.summed} file={shown.file} />}
    </div>
  );
}
