import { useState, type FormEvent } from 'react';

import { useAlertRules } from '@/api-client/get-alert-rules';
import { FilterField } from '@/components/filter-field';
import { Button } from '@/components/ui/button';
import { Field } from '@/components/ui/field';
import { Popover } from '@/components/ui/popover';
import { Select } from '@/components/ui/select';
import { ALERT_KINDS, ALERT_STATUSES, words } from '@/lib/alert-words';
import { parseMatchers } from '@/lib/matchers';
import { useView } from '@/lib/use-view';
import type { View } from '@/lib/view';

import { GROUPINGS } from '../groups';
import { isNarrowed, WIDE } from '../view-filter';

const STATUSES = [{ value: '', label: 'Not resolved' }, ...ALERT_STATUSES.map((value) => ({ value, label: words(value) })), { value: 'all', label: 'Any status' }];
const KINDS = [{ value: '', label: 'Any kind' }, ...ALERT_KINDS.map((value) => ({ value, label: value }))];
const GROUPS = [{ value: '', label: 'No groups' }, ...GROUPINGS.map((value) => ({ value, label: `By ${words(value)}` }))];

/** What narrows the list of alerts; all of it stands in the URL. */
export function AlertFilters() {
  const [view, setView] = useView();
  const rules = useAlertRules();
  const choices = [...new Set([...(rules.data?.items ?? []).map(({ id }) => id ?? ''), view.rule ?? ''])].filter(Boolean).sort();
  const more = [view.failure_type, view.label, view.assignee, view.incident, view.only].filter((part) => part !== undefined).length;
  return (
    <div className="-m-1 flex items-center gap-1.5 p-1 max-sm:overflow-x-auto sm:flex-wrap [&>select]:shrink-0">
      <FilterField label="Words of title or labels" className="w-44 shrink-0 sm:w-48" />
      <Select label="Status" value={view.status ?? ''} choices={STATUSES} onChange={(status) => setView({ status })} />
      <Select label="Kind" value={view.kind ?? ''} choices={KINDS} onChange={(kind) => setView({ kind })} />
      <Select label="Rule" value={view.rule ?? ''} choices={[{ value: '', label: 'Any rule' }, ...choices.map((value) => ({ value, label: value }))]} onChange={(rule) => setView({ rule })} className="max-w-40" />
      <Popover label="More filters" trigger={<Button icon="filter">More{more > 0 && ` (${more})`}</Button>}>
        <MoreFilters key={[view.failure_type, view.label, view.assignee].join('\n')} view={view} onChange={setView} />
      </Popover>
      <Select label="Group" value={view.group ?? ''} choices={GROUPS} onChange={(group) => setView({ group })} />
      {(isNarrowed(view) || view.status !== undefined) && (
        <Button look="quiet" icon="close" onClick={() => setView(WIDE)}>
          Clear
        </Button>
      )}
    </div>
  );
}

function MoreFilters({ view, onChange }: { view: View; onChange: (patch: Partial<View>) => void }) {
  const [draft, setDraft] = useState({ failure_type: view.failure_type ?? '', label: view.label ?? '', assignee: view.assignee ?? '' });
  const [problem, setProblem] = useState(false);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const isRead = parseMatchers(draft.label) !== undefined;
    setProblem(!isRead);
    if (isRead) onChange({ failure_type: draft.failure_type.trim(), label: draft.label.trim(), assignee: draft.assignee.trim() });
  };
  return (
    <form onSubmit={submit} className="space-y-3">
      <Field label="Labels" placeholder={'team="db", host=~"web-.*"'} value={draft.label} aria-invalid={problem} onChange={(event) => setDraft({ ...draft, label: event.target.value })} />
      {problem && (
        <p role="alert" className="text-xs text-danger">
          Write matchers such as team="db", host=~"web-.*".
        </p>
      )}
      <Field label="Failure type" placeholder="disk_full" value={draft.failure_type} onChange={(event) => setDraft({ ...draft, failure_type: event.target.value })} />
      <Field label="Assigned to (- for nobody)" value={draft.assignee} onChange={(event) => setDraft({ ...draft, assignee: event.target.value })} />
      <label className="flex items-center gap-2 text-sm">
        <input type="checkbox" checked={view.only === 'now'} onChange={() => onChange({ only: view.only === 'now' ? undefined : 'now' })} className="accent-(--accent)" />
        Only those that fire now
      </label>
      {view.incident && (
        <p className="flex items-center justify-between gap-2 text-xs text-soft">
          Only those of one incident
          <Button look="quiet" onClick={() => onChange({ incident: undefined })}>
            All incidents
          </Button>
        </p>
      )}
      <Button type="submit" look="primary" className="w-full">
        Apply
      </Button>
    </form>
  );
}
