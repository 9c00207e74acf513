import type { ReactNode } from 'react';

import type { Runbook } from '@/api-client/copilot-types';
import { Panel } from '@/components/panel';
import { Icon } from '@/components/ui/icon';
import { ViewLink } from '@/components/view-link';
import { words } from '@/lib/alert-words';
import { PAGES } from '@/lib/pages';
import { plain, webAddress } from '@/lib/plain-text';

/** What to do about a type of failure; `children` stand below it. */
export function RunbookPanel({ runbook: { failure_type, title, steps, verify, url }, children }: { runbook: Runbook; children?: ReactNode }) {
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
        {children}
      </div>
    </Panel>
  );
}
