import type { Provider } from '@/api-client/automation-types';
import { Panel } from '@/components/panel';
import { Button } from '@/components/ui/button';
import { Empty } from '@/components/ui/empty';
import { Failure } from '@/components/ui/failure';
import { Moment } from '@/components/ui/moment';
import { SkeletonLines } from '@/components/ui/skeleton';
import { ViewLink } from '@/components/view-link';
import { words } from '@/lib/alert-words';
import { formatTook } from '@/lib/format';
import { PAGES } from '@/lib/pages';
import { plain } from '@/lib/plain-text';
import { sentence } from '@/lib/ticket-words';
import { useNow } from '@/lib/use-now';

import { useCheckProvider } from '../api/check-provider';
import { useProviders } from '../api/get-providers';

import { StaleNote } from './stale-note';

/** Where actions are carried out, and whether that is there. */
export function ProvidersTab() {
  const { data, error, isPending, refetch } = useProviders();
  const check = useCheckProvider();
  const now = useNow(5);
  const providers = data?.items ?? [];
  return (
    <Panel>
      {error && !data && <Failure error={error} retry={() => void refetch()} />}
      {data && <StaleNote error={error} />}
      {isPending && <SkeletonLines count={5} label="Asking the providers" />}
      {data && providers.length === 0 && (
        <Empty icon="bolt" title="No provider">
          Providers stand in the configuration, each under <code className="font-mono text-xs">[automation.providers.NAME]</code>: scripts, webhooks, Ansible, Terraform, AWX, HCP Terraform, ServiceNow, Jira or GitHub.
        </Empty>
      )}
      <ul aria-label="Providers" className="divide-y divide-line">
        {providers.map((provider) => (
          <Item key={provider.name} provider={provider} now={now} isBusy={check.isPending && check.variables === provider.name} onCheck={() => check.mutate(provider.name)} />
        ))}
      </ul>
    </Panel>
  );
}

interface ItemProps {
  provider: Provider;
  now: number;
  isBusy: boolean;
  onCheck: () => void;
}

function Item({ provider: { name, kind, healthy, detail, took_ms, checked_at }, now, isBusy, onCheck }: ItemProps) {
  return (
    <li className="flex items-start gap-3 px-4 py-3 text-sm">
      <span aria-hidden="true" className={`mt-1.5 size-2 shrink-0 rounded-full ${healthy ? 'bg-ok' : 'bg-danger'}`} />
      <div className="min-w-0 flex-1">
        <p className="flex flex-wrap items-baseline gap-x-2.5">
          <span className="font-medium">{name}</span>
          <span className={`text-xs ${healthy ? 'text-soft' : 'font-medium text-danger'}`}>{healthy ? 'ready' : 'not ready'}</span>
          <span className="text-xs text-faint">{words(kind)}</span>
        </p>
        <p className="[overflow-wrap:anywhere]">{sentence(plain(detail))}</p>
        <p className="flex flex-wrap gap-x-3 text-xs text-faint tabular-nums">
          <span>
            asked <Moment time={checked_at} now={now} />, took {formatTook(took_ms)}
          </span>
          <ViewLink to={PAGES.automation} view={{ view: 'runs', provider: name }} className="text-accent hover:underline">
            Its runs
          </ViewLink>
        </p>
      </div>
      <Button icon="refresh" aria-label={`Test ${name}`} disabled={isBusy} onClick={onCheck}>
        Test
      </Button>
    </li>
  );
}
