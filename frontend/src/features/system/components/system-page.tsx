import { Page } from '@/components/page';
import { Panel } from '@/components/panel';
import { Tabs } from '@/components/ui/tabs';
import { useView } from '@/lib/use-view';

import { AuditPanel } from './audit-panel';
import { ModelPanel } from './model-panel';
import { StatsPanel } from './stats-panel';

const VIEWS = ['stats', 'model', 'audit'] as const;

/** The server itself: what it holds and costs, and who did what. */
export default function SystemPage() {
  const [view, setView] = useView();
  const shown = VIEWS.find((one) => one === view.view) ?? 'stats';
  return (
    <Page title="System">
      <Panel>
        <Tabs
          label="Parts of the system page"
          value={shown}
          onChange={(next) => setView({ view: next === 'stats' ? undefined : next })}
          tabs={[
            { value: 'stats', label: 'Storage and memory', content: <StatsPanel /> },
            { value: 'model', label: 'Language model', content: <ModelPanel /> },
            { value: 'audit', label: 'Audit trail', content: <AuditPanel /> },
          ]}
        />
      </Panel>
    </Page>
  );
}
