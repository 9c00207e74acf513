import { useStats } from '@/api-client/get-stats';
import { Button } from '@/components/ui/button';
import { Empty } from '@/components/ui/empty';
import { ViewLink } from '@/components/view-link';
import { PAGES } from '@/lib/pages';
import { useView } from '@/lib/use-view';

/** Why nothing was found, and the ways on from here. */
export function NoResults() {
  const [view, setView] = useView();
  const { data: stats } = useStats();
  const ranged = Boolean(view.from ?? view.to);
  const filtered = Boolean(view.source ?? view.host ?? view.severity ?? view.template);
  const byText = view.q && (view.mode ?? 'text') === 'text';

  if (stats?.records === 0 && !view.q && !filtered) {
    return (
      <Empty icon="sources" title="No lines have arrived yet" actions={<ViewLink to={PAGES.home} className="text-accent hover:underline">How to send logs here</ViewLink>}>
        The server is running and waiting for its first line.
      </Empty>
    );
  }
  const reasons = [
    ranged && 'the time range leaves lines out',
    view.q && (byText ? 'every word of the query must stand in a line' : 'nothing close in meaning was found'),
    filtered && 'the filters exclude the rest',
  ].filter(Boolean);
  return (
    <Empty
      title="No line matches"
      actions={
        <>
          {ranged && <Button onClick={() => setView({ from: undefined, to: undefined })}>Search all time</Button>}
          {filtered && <Button onClick={() => setView({ source: undefined, host: undefined, severity: undefined, template: undefined })}>Clear filters</Button>}
          {byText && <Button onClick={() => setView({ mode: 'hybrid' })}>Search by meaning</Button>}
          {view.q && <Button onClick={() => setView({ q: undefined })}>Clear the query</Button>}
        </>
      }
    >
      {reasons.length > 0 ? `Possible reasons: ${reasons.join('; ')}.` : 'There are no lines at all.'}
    </Empty>
  );
}
