import { useRunbooks } from '@/api-client/get-runbooks';
import { Page } from '@/components/page';
import { Panel } from '@/components/panel';
import { RunbookPanel } from '@/components/runbook/runbook-panel';
import { Button } from '@/components/ui/button';
import { Empty } from '@/components/ui/empty';
import { Failure } from '@/components/ui/failure';
import { SkeletonLines } from '@/components/ui/skeleton';
import { words } from '@/lib/alert-words';
import { useView } from '@/lib/use-view';

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
