import { ViewLink } from '@/components/view-link';
import { PAGES } from '@/lib/pages';
import { formatNumber } from '@/lib/units';

import type { Host, Reading } from '../hosts';

import { UseBar } from './use-bar';

const FILE_SYSTEMS_MAX = 2;

/** One host: processor, memory, load, and its fullest file systems. */
export function HostRow({ host: { name, cpu, memory, swap, load, cores, fileSystems } }: { host: Host }) {
  return (
    <li className="px-4 py-2.5">
      <div className="flex items-baseline justify-between gap-3">
        <ViewLink to={PAGES.metrics} view={{ match: `{host=${JSON.stringify(name)}}` }} className="min-w-0 truncate text-sm font-medium hover:underline" title={name}>
          {name}
        </ViewLink>
        {load && <Load load={load} cores={cores} />}
      </div>
      <dl className="mt-1 grid grid-cols-2 gap-x-5 gap-y-1.5 sm:grid-cols-4">
        {cpu && <UseBar name="CPU" reading={cpu} />}
        {memory && <UseBar name="Memory" reading={memory} />}
        {swap && swap.value > 0.01 && fileSystems.length < FILE_SYSTEMS_MAX && <UseBar name="Swap" reading={swap} />}
        {fileSystems.slice(0, FILE_SYSTEMS_MAX).map((one) => (
          <UseBar key={one.mountpoint} name={one.mountpoint} reading={one} />
        ))}
      </dl>
    </li>
  );
}

function Load({ load, cores }: { load: Reading; cores?: number }) {
  const isBusy = cores !== undefined && load.value > cores;
  return (
    <ViewLink to={PAGES.metrics} view={{ match: load.selector }} className={`shrink-0 text-xs tabular-nums hover:underline ${isBusy ? 'text-(--warn-text)' : 'text-faint'}`}>
      load {formatNumber(load.value)}
      {cores !== undefined && ` of ${formatNumber(cores)} cores`}
    </ViewLink>
  );
}
