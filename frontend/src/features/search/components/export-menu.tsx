import { DropdownMenu } from 'radix-ui';

import { apiUrl } from '@/api-client/http';
import type { SearchResult } from '@/api-client/types';
import { IconButton } from '@/components/ui/button';
import type { LogFilters } from '@/lib/filters';

import { matchedBy } from '../matched-by';

const FORMATS = [
  { format: 'csv', label: 'CSV', hint: 'for spreadsheets' },
  { format: 'ndjson', label: 'NDJSON', hint: 'one record a line, with attributes' },
] as const;

/** Downloads every line of the search, not only those in sight; the server streams them. */
export function ExportMenu({ filters, head }: { filters: LogFilters; head?: SearchResult }) {
  const { q, from, to, source, host, severity, template } = matchedBy(filters, head) ?? filters;
  return (
    <DropdownMenu.Root>
      <DropdownMenu.Trigger asChild>
        <IconButton label="Export these lines" icon="download" />
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content align="end" sideOffset={4} className="z-40 min-w-56 rounded-lg border border-line-strong bg-raised p-1 text-sm shadow-xl shadow-black/15">
          {FORMATS.map(({ format, label, hint }) => (
            <DropdownMenu.Item key={format} asChild>
              <a
                href={apiUrl('logs/export', { format, q, from, to, source, host, severity, template })}
                download={`tocsin-logs.${format}`}
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
