import { useIsFetching } from '@tanstack/react-query';

import { IconButton } from '@/components/ui/button';
import { Select } from '@/components/ui/select';
import { useAnchor } from '@/lib/anchor';
import { useView } from '@/lib/use-view';

const EVERY = [
  { value: '0', label: 'Auto: off' },
  { value: '5', label: 'Every 5 s' },
  { value: '30', label: 'Every 30 s' },
  { value: '60', label: 'Every minute' },
  { value: '300', label: 'Every 5 min' },
];

/** Looks again now, or every so often. */
export function RefreshControl() {
  const [{ refresh: seconds }, setView] = useView();
  const { refresh } = useAnchor();
  const fetching = useIsFetching({ queryKey: ['search'] }) > 0;
  return (
    <span className="flex items-center gap-1">
      <IconButton label="Refresh" icon="refresh" look="plain" iconClass={`size-4 ${fetching ? 'animate-spin' : ''}`} onClick={refresh} />
      <Select
        label="Refresh automatically"
        value={String(seconds ?? 0)}
        choices={seconds && !EVERY.some(({ value }) => value === String(seconds)) ? [...EVERY, { value: String(seconds), label: `Every ${seconds} s` }] : EVERY}
        onChange={(value) => setView({ refresh: Number(value) || undefined }, { replace: true })}
        className="max-md:hidden border-line! text-soft!"
      />
    </span>
  );
}
