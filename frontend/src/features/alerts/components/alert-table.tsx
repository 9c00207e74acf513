import { useState } from 'react';

import type { Alert } from '@/api-client/types';
import { AlertSeverityTag } from '@/components/alert/alert-severity';
import { Icon } from '@/components/ui/icon';
import { words } from '@/lib/alert-words';
import { formatCount } from '@/lib/format';
import { useNow } from '@/lib/use-now';

import type { AlertGroup, Grouping } from '../groups';
import type { Triage } from '../triage';

import { AlertRow } from './alert-row';

interface Props {
  groups: AlertGroup[];
  by?: Grouping;
  /** What a group's key is called. */
  nameOf: (key: string) => string;
  triage: Triage;
  onOpen: (id: string) => void;
  onToggle: (id: string) => void;
  onToggleAll: (ids: string[], isOn: boolean) => void;
}

const HEAD = 'hidden border-b border-line px-2 py-2 text-left text-xs font-medium whitespace-nowrap text-faint @3xl:table-cell';

/** The alerts as rows, under headings where they are grouped. */
export function AlertTable({ groups, by, nameOf, triage, onOpen, onToggle, onToggleAll }: Props) {
  const now = useNow(5);
  const [closed, setClosed] = useState<ReadonlySet<string>>(new Set());
  const all = groups.flatMap(({ alerts }) => alerts.map(({ id }) => id));
  const fold = (key: string) => {
    const next = new Set(closed);
    if (!next.delete(key)) next.add(key);
    setClosed(next);
  };
  const rows = (alerts: Alert[]) =>
    alerts.map((alert) => <AlertRow key={alert.id} alert={alert} isCurrent={triage.current === alert.id} isSelected={triage.selected.has(alert.id)} {...{ now, onOpen, onToggle }} />);
  return (
    <table aria-label="Alerts" className="w-full border-collapse">
      <thead className="sticky top-0 z-10 bg-surface">
        <tr>
          <th scope="col" className="w-9 border-b border-line py-2 pl-3 text-left">
            <SelectAll ids={all} triage={triage} onToggle={onToggleAll} label="Select all alerts" />
          </th>
          <th scope="col" className="hidden border-b border-line py-2 text-left text-xs font-medium text-faint @lg:table-cell">
            Severity
          </th>
          <th scope="col" className="border-b border-line py-2 text-left text-xs font-medium text-faint">
            Alert
          </th>
          {['Status', 'Count', 'Since', 'Last', 'Assignee'].map((title) => (
            <th key={title} scope="col" className={`${HEAD} ${title === 'Count' ? 'text-right' : ''}`}>
              {title}
            </th>
          ))}
        </tr>
      </thead>
      {by === undefined ? (
        <tbody>{rows(groups.flatMap(({ alerts }) => alerts))}</tbody>
      ) : (
        groups.map(({ key, severity, alerts }) => (
          <tbody key={key}>
            <tr className="bg-sunken">
              <td className="border-b border-line py-1.5 pl-3">
                <SelectAll ids={alerts.map(({ id }) => id)} triage={triage} onToggle={onToggleAll} label={`Select all of ${nameOf(key)}`} />
              </td>
              <th scope="rowgroup" colSpan={7} className="border-b border-line py-1.5 pr-3 text-left text-sm font-normal">
                <button type="button" aria-expanded={!closed.has(key)} onClick={() => fold(key)} className="flex w-full items-center gap-2 text-left">
                  <Icon name={closed.has(key) ? 'right' : 'down'} className="size-3 text-faint" />
                  <span className="min-w-0 font-semibold break-words">{key === '' ? `No ${words(by)}` : nameOf(key)}</span>
                  <span className="text-xs text-soft tabular-nums">{formatCount(alerts.length)}</span>
                  <AlertSeverityTag severity={severity} />
                </button>
              </th>
            </tr>
            {!closed.has(key) && rows(alerts)}
          </tbody>
        ))
      )}
    </table>
  );
}

function SelectAll({ ids, triage, onToggle, label }: { ids: string[]; triage: Triage; onToggle: Props['onToggleAll']; label: string }) {
  const count = ids.filter((id) => triage.selected.has(id)).length;
  const isAll = count > 0 && count === ids.length;
  return (
    <input
      type="checkbox"
      aria-label={label}
      checked={isAll}
      ref={(box) => {
        if (box) box.indeterminate = count > 0 && !isAll;
      }}
      onChange={() => onToggle(ids, !isAll)}
      className="mt-1 size-4 accent-(--accent)"
    />
  );
}
