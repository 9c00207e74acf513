import { Icon } from '@/components/ui/icon';
import { useView } from '@/lib/use-view';

const FILTERS = ['source', 'host', 'severity', 'template'] as const;

/** The filters in force, each with a way out. */
export function FilterChips() {
  const [view, setView] = useView();
  const chips = FILTERS.flatMap((key) => (view[key] ?? []).map((value) => ({ key, value: value as string })));
  if (chips.length === 0) return null;
  const shown = chips.slice(0, 8);
  const remove = (key: (typeof FILTERS)[number], value: string) => setView({ [key]: view[key]?.filter((other) => other !== value) });
  return (
    <ul aria-label="Filters in force" className="flex flex-wrap items-center gap-1.5 px-3 pb-2 md:px-4">
      {shown.map(({ key, value }) => (
        <li key={`${key}:${value}`} className="inline-flex max-w-72 items-center gap-1 rounded-full border border-line-strong bg-sunken py-0.5 pr-1 pl-2.5 text-xs">
          <span className="text-faint">{key}</span>
          <span className={`truncate font-medium ${key === 'template' ? 'font-mono' : ''}`}>{value}</span>
          <button type="button" aria-label={`Remove filter ${key} ${value}`} onClick={() => remove(key, value)} className="grid size-4 place-items-center rounded-full hover:bg-line">
            <Icon name="close" className="size-2.5" />
          </button>
        </li>
      ))}
      {chips.length > shown.length && <li className="text-xs text-faint">and {chips.length - shown.length} more</li>}
      <li>
        <button type="button" onClick={() => setView({ source: undefined, host: undefined, severity: undefined, template: undefined })} className="rounded px-1 text-xs text-accent hover:underline">
          Clear filters
        </button>
      </li>
    </ul>
  );
}
