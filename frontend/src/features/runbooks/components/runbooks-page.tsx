import type { Runbook } from '@/api-client/copilot-types';
import { Page } from '@/components/page';
import { Panel } from '@/components/panel';
import { Button } from '@/components/ui/button';
import { Empty } from '@/components/ui/empty';
import { Failure } from '@/components/ui/failure';
import { Icon } from '@/components/ui/icon';
import { SkeletonLines } from '@/components/ui/skeleton';
import { ViewLink } from '@/components/view-link';
import { words } from '@/lib/alert-words';
import { PAGES } from '@/lib/pages';
import { plain, webAddress } from '@/lib/plain-text';
import { useView } from '@/lib/use-view';

import { useRunbooks } from '../api/get-runbooks';

/** What to do about each type of failure, as people wrote it down; or about one. */
export default function RunbooksPage() {
  const [{ failure_type }, setView] = useView();
  const { data, error, refetch } = useRunbooks();
  const shown = data?.items.filter((runbook) => failure_type === undefined || runbook.failure_type === failure_type) ?? [];
  const all = (
    <Button icon="book" onClick={() => setView({ failure_type: undefined })}>
      All runbooks
    </Button>
  );
  return (
    <Page title="Runbooks" lead="What to do about each type of failure. Nothing here is done by itself." actions={failure_type && all}>
      {error && !data && (
        <Panel>
          <Failure error={error} retry={() => void refetch()} />
        </Panel>
      )}
      {!data && !error && (
        <Panel>
          <SkeletonLines count={8} label="Loading the runbooks" />
        </Panel>
      )}
      {data && shown.length === 0 && (
        <Panel>
          <Empty icon="book" title={failure_type ? `No runbook for ${words(failure_type)}` : 'No runbooks'} actions={failure_type && all}>
            They stand in the rules of the server.
          </Empty>
        </Panel>
      )}
      <div className="grid grid-cols-1 items-start gap-4 xl:grid-cols-2">
        {shown.map((runbook) => (
          <RunbookPanel key={runbook.failure_type} runbook={runbook} />
        ))}
      </div>
    </Page>
  );
}

function RunbookPanel({ runbook: { failure_type, title, steps, verify, url } }: { runbook: Runbook }) {
  const address = webAddress(url);
  return (
    <Panel title={plain(title)} aside={<span className="shrink-0 text-xs text-faint">{words(failure_type)}</span>}>
      <div className="space-y-3 p-4 text-sm">
        <ol className="list-decimal space-y-1 pl-5 break-words marker:text-faint">
          {steps.map((step, index) => (
            <li key={index}>{plain(step)}</li>
          ))}
        </ol>
        {verify && (
          <p className="break-words">
            <span className="text-soft">It helped if:</span> {plain(verify)}
          </p>
        )}
        <p className="flex flex-wrap gap-x-4 text-sm">
          <ViewLink to={PAGES.alerts} view={{ failure_type, status: 'all' }} className="text-accent hover:underline">
            Alerts of this type
          </ViewLink>
          {address && (
            <a href={address} target="_blank" rel="noopener noreferrer" className="inline-flex items-center gap-1 text-accent hover:underline">
              {new URL(address).host} <Icon name="external" className="size-3" />
            </a>
          )}
        </p>
      </div>
    </Panel>
  );
}
