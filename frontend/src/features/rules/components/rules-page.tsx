import { Page } from '@/components/page';
import { Tabs } from '@/components/ui/tabs';
import { useView } from '@/lib/use-view';

import { AlertRulesTab } from './alert-rules-tab';
import { ClassificationTab } from './classification-tab';
import { SilencesTab } from './silences-tab';

const TABS = ['alerts', 'classification', 'silences'] as const;

/** When something is told, what lines mean, and what is held back. */
export default function RulesPage() {
  const [view, setView] = useView();
  const shown = TABS.find((tab) => tab === view.view) ?? 'alerts';
  return (
    <Page title="Rules">
      <Tabs
        label="Rules"
        className="-mx-4 md:mx-0 [&>[role=tabpanel]]:px-4 [&>[role=tabpanel]]:pt-4 md:[&>[role=tabpanel]]:px-0"
        value={shown}
        onChange={(next) => setView({ view: next === 'alerts' ? undefined : next, rule: undefined, q: undefined })}
        tabs={[
          { value: 'alerts', label: 'Alert rules', content: <AlertRulesTab /> },
          { value: 'classification', label: 'Classification', content: <ClassificationTab /> },
          { value: 'silences', label: 'Silences and maintenance', content: <SilencesTab /> },
        ]}
      />
    </Page>
  );
}
