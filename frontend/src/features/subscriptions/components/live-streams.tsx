import { Panel } from '@/components/panel';
import { CodeBlock } from '@/components/ui/code-block';

/** Where the page is reached, which is where a program reaches the server too. */
const here = () => new URL('.', window.location.href).href;

/** What programs can listen to without a subscription. */
export function LiveStreams() {
  const base = here();
  return (
    <Panel title="For programs: live streams">
      <div className="max-w-3xl space-y-3 p-4 text-sm">
        <p>A program that is running anyway needs no subscription: it listens, and hears of every change of an alert within milliseconds. Nothing is kept for it; it says itself where it stopped.</p>
        <CodeBlock label="Server-Sent Events" code={`curl -N '${base}api/v1/live?topics=alerts&kind=predictive&label=team=%22db%22'`} />
        <CodeBlock label="WebSocket" code={`${base.replace(/^http/, 'ws')}ws/alerts?severity=critical,high`} />
        <ul className="list-disc space-y-1 pl-5 text-soft">
          <li>Filters: status, severity, kind, and label, which may be given several times.</li>
          <li>Each event has a number. With Last-Event-ID, or after= and the last number, what happened meanwhile comes first: nothing is missed.</li>
          <li>A client that is too slow is closed with the reason and comes back in the same way.</li>
          <li>Quiet hours, silences and digests do not apply here.</li>
        </ul>
      </div>
    </Panel>
  );
}
