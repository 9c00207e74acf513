import { Page } from '@/components/page';
import { Tabs } from '@/components/ui/tabs';
import { useView } from '@/lib/use-view';

import { ApprovalsTab } from './approvals-tab';
import { AuditTab } from './audit-tab';
import { KillSwitch } from './kill-switch';
import { ProvidersTab } from './providers-tab';
import { RulesTab } from './rules-tab';
import { RunbooksTab } from './runbooks-tab';
import { RunsTab } from './runs-tab';
import { SafetyTab } from './safety-tab';

const TABS = ['approvals', 'runs', 'rules', 'runbooks', 'providers', 'safety', 'audit'] as const;

/** What is proposed about alerts, what people let Tocsin do, and what came of it. */
export default function AutomationPage() {
  const [view, setView] = useView();
  const shown = TABS.find((tab) => tab === view.view) ?? 'approvals';
  return (
    <Page title="Automation" lead="Rules propose, people say yes or no to exactly what is shown, and Tocsin sees whether it helped." actions={<KillSwitch />}>
      <Tabs
        label="Automation"
        className="-mx-4 md:mx-0 [&>[role=tabpanel]]:px-4 [&>[role=tabpanel]]:pt-4 md:[&>[role=tabpanel]]:px-0"
        value={shown}
        onChange={(next) => setView({ view: next === 'approvals' ? undefined : next, run: undefined, rule: undefined, alert: undefined, provider: undefined, status: undefined, q: undefined })}
        tabs={[
          { value: 'approvals', label: 'Approvals', content: <ApprovalsTab /> },
          { value: 'runs', label: 'Runs', content: <RunsTab /> },
          { value: 'rules', label: 'Rules', content: <RulesTab /> },
          { value: 'runbooks', label: 'Runbooks', content: <RunbooksTab /> },
          { value: 'providers', label: 'Providers', content: <ProvidersTab /> },
          { value: 'safety', label: 'Safety', content: <SafetyTab /> },
          { value: 'audit', label: 'Audit', content: <AuditTab /> },
        ]}
      />
    </Page>
  );
}
