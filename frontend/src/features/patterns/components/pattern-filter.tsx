import { FilterField } from '@/components/filter-field';
import { Select } from '@/components/ui/select';
import { SEVERITIES, type Severity } from '@/lib/severity';
import { useView } from '@/lib/use-view';

const ATLEAST = [
  { value: '', label: 'Any severity' },
  ...(['fatal', 'error', 'warn', 'info'] as const).map((value) => ({ value, label: value === 'fatal' ? 'fatal' : `${value} or worse` })),
];

const upTo = (severity: Severity) => SEVERITIES.slice(0, SEVERITIES.indexOf(severity) + 1);

/** Narrows the list by text and by severity. */
export function PatternFilter() {
  const [view, setView] = useView();
  return (
    <>
      <FilterField label="Filter by text" />
      <Select
        label="Severity"
        value={view.severity?.at(-1) ?? ''}
        choices={ATLEAST}
        onChange={(value) => setView({ severity: value === '' ? undefined : upTo(value as Severity) })}
      />
    </>
  );
}
