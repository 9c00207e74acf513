import type { ParamValue, PlannedAction } from '@/api-client/automation-types';
import { plain } from '@/lib/plain-text';

/** What is done, with all its values; each value is shown as the one literal that it is. */
export function PlannedActionView({ action: { provider, template, base_url, params } }: { action: PlannedAction }) {
  const rows = Object.entries(params);
  return (
    <div className="text-sm">
      <p className="[overflow-wrap:anywhere]">
        {template && <span className="font-medium">{plain(template)} </span>}
        <span className={template ? 'text-soft' : 'font-medium'}>{template ? `with ${provider}` : provider}</span>
        {base_url && <span className="text-soft"> at {plain(base_url)}</span>}
      </p>
      {rows.length > 0 && (
        <dl className="mt-1.5 grid grid-cols-[minmax(5rem,auto)_1fr] gap-x-3 gap-y-0.5 rounded-md border border-line bg-sunken px-2.5 py-1.5 font-mono text-xs leading-5">
          {rows.map(([name, value]) => (
            <div key={name} className="contents">
              <dt className="text-soft">{name}</dt>
              <dd className="min-w-0 [overflow-wrap:anywhere] whitespace-pre-wrap">{valueText(value)}</dd>
            </div>
          ))}
        </dl>
      )}
    </div>
  );
}

/** A text stands for itself where that is clear; everything else as JSON. */
function valueText(value: ParamValue): string {
  if (typeof value === 'string') return value === '' || /^\s|\s$/.test(value) ? JSON.stringify(value) : plain(value);
  return plain(JSON.stringify(value, null, typeof value === 'object' && value !== null && JSON.stringify(value).length > 60 ? 2 : undefined));
}
