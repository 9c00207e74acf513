import { useAlertStream } from '@/api-client/live-alerts';

const TEXT = { connecting: 'connecting', live: 'live', reconnecting: 'reconnecting' };
const DOT = { connecting: 'bg-line-strong', live: 'bg-ok', reconnecting: 'animate-pulse bg-(--warn)' };

/** Whether what is shown changes by itself. */
export function LiveState() {
  const { phase } = useAlertStream();
  return (
    <span role="status" className="inline-flex items-center gap-1.5 text-xs text-soft" title={phase === 'reconnecting' ? 'Cut off from the server; nothing is missed when it is back' : undefined}>
      <span aria-hidden="true" className={`size-2 rounded-full ${DOT[phase]}`} />
      {TEXT[phase]}
    </span>
  );
}
