import { Panel } from '@/components/panel';
import { Button } from '@/components/ui/button';
import { Empty } from '@/components/ui/empty';
import { Failure } from '@/components/ui/failure';
import { Moment } from '@/components/ui/moment';
import { SkeletonLines } from '@/components/ui/skeleton';
import { Table, Td, Th } from '@/components/ui/table';
import { ViewLink } from '@/components/view-link';
import { words } from '@/lib/alert-words';
import { formatTook } from '@/lib/format';
import { PAGES } from '@/lib/pages';
import { plain } from '@/lib/plain-text';
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
      {providers.length > 0 && (
        <Table label="Providers">
          <thead>
            <tr>
              <Th>Provider</Th>
              <Th>Kind</Th>
              <Th>What it said</Th>
              <Th right>Took</Th>
              <Th>Asked</Th>
              <Th>
                <span className="sr-only">Test</span>
              </Th>
            </tr>
          </thead>
          <tbody>
            {providers.map(({ name, kind, healthy, detail, took_ms, checked_at }) => (
              <tr key={name}>
                <Td>
                  <span className="flex items-center gap-2">
                    <span aria-hidden="true" className={`size-2 shrink-0 rounded-full ${healthy ? 'bg-ok' : 'bg-danger'}`} />
                    <ViewLink to={PAGES.automation} view={{ view: 'runs', provider: name }} title="Its runs" className="font-medium hover:underline">
                      {name}
                    </ViewLink>
                    <span className={`text-xs ${healthy ? 'text-soft' : 'font-medium text-danger'}`}>{healthy ? 'ready' : 'not ready'}</span>
                  </span>
                </Td>
                <Td className="whitespace-nowrap">{words(kind)}</Td>
                <Td className="min-w-56 [overflow-wrap:anywhere]">{plain(detail)}</Td>
                <Td right>{formatTook(took_ms)}</Td>
                <Td className="text-xs leading-5 whitespace-nowrap text-soft">
                  <Moment time={checked_at} now={now} />
                </Td>
                <Td right>
                  <Button icon="refresh" aria-label={`Test ${name}`} disabled={check.isPending && check.variables === name} onClick={() => check.mutate(name)}>
                    Test
                  </Button>
                </Td>
              </tr>
            ))}
          </tbody>
        </Table>
      )}
    </Panel>
  );
}
