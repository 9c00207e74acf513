import { Panel } from '@/components/panel';
import { Button } from '@/components/ui/button';
import { Icon } from '@/components/ui/icon';
import { formatTook } from '@/lib/format';

import { useTestSubscription } from '../api/test-subscription';

/** Sends a made-up alert and shows what the channel answered. */
export function TestPanel({ id, isChanged }: { id?: string; isChanged: boolean }) {
  const test = useTestSubscription();
  return (
    <Panel title="Try the channel">
      <div className="space-y-3 p-4 text-sm">
        <div className="flex flex-wrap items-center gap-3">
          <Button icon="send" disabled={id === undefined || test.isPending} onClick={() => id !== undefined && test.mutate(id)}>
            {test.isPending ? 'Sending…' : 'Send a test'}
          </Button>
          <p className="min-w-40 flex-1 text-xs text-soft">
            {id === undefined ? 'Once the subscription is made, a made-up alert can be sent.' : isChanged ? 'It goes where the subscription as it is kept says: keep the changes first.' : 'A made-up alert goes out at once, also if the subscription is off.'}
          </p>
        </div>
        {test.data && (
          <p role="status" className="flex gap-2">
            <Icon name={test.data.is_accepted ? 'check' : 'alert'} className={`mt-0.5 ${test.data.is_accepted ? 'text-(--ok)' : 'text-danger'}`} />
            <span className="min-w-0 flex-1 break-words">
              <strong className="font-semibold">{test.data.is_accepted ? 'The channel took it' : 'The channel did not take it'}</strong>, after {formatTook(test.data.took_ms)}:{' '}
              <code className="font-mono text-xs break-words text-soft">{test.data.detail}</code>
            </span>
          </p>
        )}
        {test.error && (
          <p role="alert" className="break-words text-danger">
            {test.error.message}
          </p>
        )}
      </div>
    </Panel>
  );
}
