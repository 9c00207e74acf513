import { Page } from '@/components/page';
import { Panel } from '@/components/panel';
import { SummaryView } from '@/components/summary/summary-view';
import { useRange } from '@/lib/anchor';

/** What a day, or any other stretch of time, came to. */
export default function DigestPage() {
  const { from, to, asOf } = useRange();
  return (
    <Page title="Digest" lead="What happened, what was done, and what is ahead; the last 24 hours unless another time is chosen.">
      <Panel title="In short" className="max-w-4xl">
        <div className="p-4">
          <SummaryView summed={{ path: 'digest', range: { from, to }, asOf }} file="tocsin-digest" />
        </div>
      </Panel>
    </Page>
  );
}
