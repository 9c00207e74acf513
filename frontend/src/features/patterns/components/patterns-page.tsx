import { Page } from '@/components/page';
import { Segmented } from '@/components/ui/segmented';
import { useView } from '@/lib/use-view';

import { ClustersTable } from './clusters-table';
import { PatternFilter } from './pattern-filter';
import { TemplatesTable } from './templates-table';

const VIEWS = [
  { value: 'clusters', label: 'Clusters', hint: 'patterns that mean the same, together' },
  { value: 'templates', label: 'Patterns', hint: 'each pattern by itself' },
] as const;

/** What kinds of lines there are, how many, and how that changes. */
export default function PatternsPage() {
  const [view, setView] = useView();
  const shown = view.view === 'templates' ? 'templates' : 'clusters';
  return (
    <Page
      title="Clusters and patterns"
      lead={shown === 'clusters' ? 'Kinds of lines that mean the same, found by meaning.' : 'What is constant in lines, with the variables between.'}
      actions={
        <>
          <PatternFilter />
          <Segmented label="Show" value={shown} choices={VIEWS} onChange={(next) => setView({ view: next === 'clusters' ? undefined : next, sort: undefined })} />
        </>
      }
    >
      {shown === 'clusters' ? <ClustersTable /> : <TemplatesTable />}
    </Page>
  );
}
