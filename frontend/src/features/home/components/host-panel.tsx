import { Panel } from '@/components/panel';
import { Failure } from '@/components/ui/failure';
import { SkeletonLines } from '@/components/ui/skeleton';
import { ViewLink } from '@/components/view-link';
import { plural } from '@/lib/format';
import { PAGES } from '@/lib/pages';

import { useHostValues } from '../api/get-host-values';
import { hostsOf } from '../hosts';

import { HostRow } from './host-row';

const SHOWN = 6;

/** Each host with what is in use of it now. */
export function HostPanel() {
  const { data, error, isPending, refetch } = useHostValues();
  const hosts = hostsOf(data ?? []);
  return (
    <Panel
      title="Hosts"
      aside={
        <ViewLink to={PAGES.metrics} className="text-xs text-accent hover:underline">
          All metrics
        </ViewLink>
      }
    >
      {error && <Failure error={error} retry={() => void refetch()} />}
      {isPending && <SkeletonLines count={3} label="Loading the hosts" />}
      {data && hosts.length === 0 && <p className="p-4 text-sm text-soft">No host is watched: its collector is off, or has not sent anything in the last five minutes.</p>}
      <ul aria-label="Hosts" className="divide-y divide-line">
        {hosts.slice(0, SHOWN).map((host) => (
          <HostRow key={host.name} host={host} />
        ))}
      </ul>
      {hosts.length > SHOWN && (
        <p className="border-t border-line px-4 py-2 text-xs text-faint">
          and {plural(hosts.length - SHOWN, 'host')} less full:{' '}
          <ViewLink to={PAGES.metrics} view={{ match: 'host_memory_used_ratio' }} className="text-accent hover:underline">
            all of them
          </ViewLink>
        </p>
      )}
    </Panel>
  );
}
