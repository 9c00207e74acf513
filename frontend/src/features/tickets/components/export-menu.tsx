import { DropdownMenu } from 'radix-ui';

import { apiUrl } from '@/api-client/http';
import { Button } from '@/components/ui/button';

import type { DecisionFilter } from '../api/get-decision-pages';

const FORMATS = [
  { format: 'csv', label: 'CSV', hint: 'for spreadsheets' },
  { format: 'ndjson', label: 'NDJSON', hint: 'one decision a line' },
] as const;

/** Downloads every decision that the filters leave, not only those in sight; the server streams them. */
export function ExportMenu({ filter }: { filter: DecisionFilter }) {
  return (
    <DropdownMenu.Root>
      <DropdownMenu.Trigger asChild>
        <Button icon="download">Export</Button>
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content align="end" sideOffset={4} className="z-40 min-w-56 rounded-lg border border-line-strong bg-raised p-1 text-sm shadow-xl shadow-black/15">
          {FORMATS.map(({ format, label, hint }) => (
            <DropdownMenu.Item key={format} asChild>
              <a
                href={apiUrl('tickets/decisions/export', { ...filter, format })}
                download={`tocsin-decisions.${format}`}
                className="flex items-baseline justify-between gap-4 rounded px-2.5 py-1.5 outline-none data-highlighted:bg-hover"
              >
                {label} <span className="text-xs text-faint">{hint}</span>
              </a>
            </DropdownMenu.Item>
          ))}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}
