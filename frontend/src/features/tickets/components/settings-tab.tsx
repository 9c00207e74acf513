import { Panel } from '@/components/panel';
import { Failure } from '@/components/ui/failure';
import { SkeletonLines } from '@/components/ui/skeleton';

import { useTicketSettings } from '../api/get-ticket-settings';

import { CountsPanel } from './counts-panel';
import { SettingsForm } from './settings-form';
import { SwitchPanel } from './switch-panel';
import { TrackerPanel } from './tracker-panel';

/** By which rules it is decided, where tickets go and how that is, and how many there are. */
export function SettingsTab() {
  const { data, error, isPending, refetch } = useTicketSettings();
  return (
    <div className="grid grid-cols-1 items-start gap-5 xl:grid-cols-[3fr_2fr]">
      <div className="space-y-5">
        {!data && (
          <Panel title="Settings">
            {error && <Failure error={error} retry={() => void refetch()} />}
            {isPending && <SkeletonLines count={8} label="Loading the settings" />}
          </Panel>
        )}
        {data && <SwitchPanel settings={data} />}
        {data && <SettingsForm key={JSON.stringify([data.thresholds, data.resolves, data.reopen_hours])} settings={data} />}
      </div>
      <div className="space-y-5">
        <TrackerPanel />
        <CountsPanel />
      </div>
    </div>
  );
}
