import { Page } from '@/components/page';
import { Panel } from '@/components/panel';
import { SummaryView } from '@/components/summary/summary-view';
import { Button } from '@/components/ui/button';
import { useRange } from '@/lib/anchor';
import { openAsk } from '@/lib/ask';

/** What a day, or any other stretch of time, came to. */
export default function DigestPage() {
  const { from, to, asOf } = useRange();
  return (
    <Page
      title="Digest"
      lead="What happened, what was done, and what is ahead; the last 24 hours unless another time is chosen."
      actions={
        <Button icon="ask" onClick={() => openAsk()}>
          Ask about it
        </Button>
      }
    >
      <Panel className="max-w-4xl p-5">
        <SummaryView summed={{ path: 'digest', range: { from, to }, asOf }} file="tocsin-digest" />
      </Panel>
    </Page>
  );
}
