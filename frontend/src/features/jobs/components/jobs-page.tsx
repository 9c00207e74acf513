import { useState } from 'react';

import { Page } from '@/components/page';
import { Button } from '@/components/ui/button';
import { Tabs } from '@/components/ui/tabs';
import { useShortcuts } from '@/lib/shortcuts';
import { useView } from '@/lib/use-view';

import { AskDialog } from './ask-dialog';
import { JobDrawer } from './job-drawer';
import { JobsTab } from './jobs-tab';
import { SchedulesTab } from './schedules-tab';

const TABS = ['jobs', 'schedules'] as const;

/** Slow work: what is being done, what was and how it ended, and what is done without being asked. */
export default function JobsPage() {
  const [view, setView] = useView();
  const [isAsking, setAsking] = useState(false);
  const shown = TABS.find((tab) => tab === view.view) ?? 'jobs';
  const shut = () => setView({ job: undefined });
  useShortcuts({ Escape: () => (view.job ? shut() : false) });
  return (
    <div className="flex h-full">
      <div className="min-w-0 flex-1">
        <Page
          title="Jobs"
          lead="Slow work goes on by itself, also over restarts, and is tried again if it fails."
          actions={
            <Button icon="plus" onClick={() => setAsking(true)}>
              New job
            </Button>
          }
        >
          <Tabs
            label="Jobs"
            className="-mx-4 md:mx-0 [&>[role=tabpanel]]:px-4 [&>[role=tabpanel]]:pt-4 md:[&>[role=tabpanel]]:px-0"
            value={shown}
            onChange={(next) => setView({ view: next === 'jobs' ? undefined : next, job: undefined, status: undefined, kind: undefined, schedule: undefined })}
            tabs={[
              { value: 'jobs', label: 'Jobs', content: <JobsTab /> },
              { value: 'schedules', label: 'Schedules', content: <SchedulesTab /> },
            ]}
          />
        </Page>
      </div>
      {view.job && <JobDrawer key={view.job} id={view.job} onClose={shut} />}
      <AskDialog open={isAsking} onOpenChange={setAsking} />
    </div>
  );
}
