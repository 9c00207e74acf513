import { useState } from 'react';

import type { Stats } from '@/api-client/types';
import { Panel } from '@/components/panel';
import { CodeBlock } from '@/components/ui/code-block';
import { Tabs } from '@/components/ui/tabs';

import { addressOf, waysOf } from '../ways';

/** Lines to paste that send logs here, with this server's real address in them. */
export function NextStep({ stats }: { stats?: Stats }) {
  const [way, setWay] = useState('files');
  const ways = waysOf(addressOf(stats?.listen));
  return (
    <Panel title="Send more logs here" aside={<span className="text-xs text-faint">copy, paste, and the lines appear above</span>}>
      <Tabs
        label="Ways to send logs"
        value={way}
        onChange={setWay}
        tabs={ways.map(({ id, label, steps }) => ({
          value: id,
          label,
          content: (
            <div className="space-y-3 p-4">
              {steps.map((step) => (
                <div key={step.say}>
                  <p className="mb-1 text-sm text-soft">{step.say}</p>
                  <CodeBlock code={step.code} label={`${label}: ${step.say}`} />
                </div>
              ))}
            </div>
          ),
        }))}
      />
    </Panel>
  );
}
