import { ViewLink } from '@/components/view-link';
import { PAGES } from '@/lib/pages';
import { dismiss, useToasts } from '@/lib/toasts';

import { IconButton } from './button';
import { Icon } from './icon';

/** What is said beside the page, the newest below, above where questions are written; it is read aloud. */
export function Toasts() {
  const toasts = useToasts();
  return (
    <div role="log" aria-label="Notices" aria-live="polite" className="pointer-events-none fixed right-3 bottom-18 z-50 flex w-[min(24rem,calc(100vw-24px))] flex-col gap-2">
      {toasts.map(({ id, text, detail, look, alert }) => (
        <div key={id} className={`pointer-events-auto flex items-start gap-2.5 rounded-lg border bg-raised py-2 pr-1 pl-3 text-sm shadow-lg shadow-black/15 ${look === 'danger' ? 'border-danger' : 'border-line-strong'}`}>
          <Icon name={look === 'danger' ? 'alert' : 'check'} className={`mt-1 ${look === 'danger' ? 'text-danger' : 'text-ok'}`} />
          <div className="min-w-0 flex-1 py-0.5">
            {alert ? (
              <ViewLink to={PAGES.alerts} view={{ alert }} onClick={() => dismiss(id)} className="line-clamp-2 font-medium break-words hover:underline">
                {text}
              </ViewLink>
            ) : (
              <p className="font-medium break-words">{text}</p>
            )}
            {detail && <p className="line-clamp-2 text-xs break-words text-soft">{detail}</p>}
          </div>
          <IconButton label="Close the notice" icon="close" iconClass="size-3.5" className="size-7!" onClick={() => dismiss(id)} />
        </div>
      ))}
    </div>
  );
}
