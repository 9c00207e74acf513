import { SeveritySwatch } from '@/components/log/severity-tag';
import { Icon } from '@/components/ui/icon';
import { formatCompact, formatCount } from '@/lib/format';
import { fieldTerm, hasTerm, withoutTerm, withTerm } from '@/lib/query-text';
import { isSeverity } from '@/lib/severity';
import { shortSource } from '@/lib/source-name';
import { useView } from '@/lib/use-view';
import type { SearchMode } from '@/lib/view';

interface Props {
  name: 'source' | 'host' | 'severity';
  title: string;
  values: { value: string; count: number }[];
  mode?: SearchMode;
}

/** One field's values: press to include, press the minus to exclude. */
export function FacetGroup({ name, title, values, mode }: Props) {
  const [view, setView] = useView();
  const chosen: string[] = view[name] ?? [];
  const top = Math.max(1, ...values.map(({ count }) => count));

  const include = (value: string) => setView({ [name]: chosen.includes(value) ? chosen.filter((other) => other !== value) : [...chosen, value] });
  const exclude = (value: string) => {
    const term = fieldTerm(name, value, true);
    if (hasTerm(view.q, term)) setView({ q: withoutTerm(view.q ?? '', term) });
    else if (mode === 'text') setView({ q: withTerm(view.q, term), [name]: chosen.filter((other) => other !== value) });
    // A question in plain words has no operators: all the others are chosen instead.
    else setView({ [name]: values.map((other) => other.value).filter((other) => other !== value) });
  };

  return (
    <fieldset className="mb-3">
      <legend className="px-1.5 pb-1 text-2xs font-semibold tracking-wide text-faint uppercase">{title}</legend>
      <ul>
        {values.map(({ value, count }) => {
          const pressed = chosen.includes(value);
          const out = hasTerm(view.q, fieldTerm(name, value, true));
          return (
            <li key={value} className="group relative flex items-center rounded hover:bg-hover focus-within:bg-hover">
              <button
                type="button"
                aria-pressed={pressed}
                title={`${value}: ${formatCount(count)} lines`}
                onClick={() => include(value)}
                className={`relative flex min-w-0 flex-1 items-center gap-1.5 rounded px-1.5 py-0.5 text-left text-sm ${pressed ? 'bg-chosen font-medium' : ''} ${out ? 'text-faint line-through' : ''}`}
              >
                <span aria-hidden="true" className="absolute inset-y-0.5 left-0 rounded bg-sunken" style={{ width: `${(count / top) * 100}%` }} />
                {name === 'severity' && isSeverity(value) && <SeveritySwatch severity={value} className="relative size-2.5" />}
                <span className="relative min-w-0 flex-1 truncate">{name === 'source' ? shortSource(value) : value}</span>
                <span className="relative text-xs text-faint tabular-nums">{formatCompact(count)}</span>
              </button>
              <button
                type="button"
                aria-pressed={out}
                aria-label={`Exclude ${name} ${value}`}
                title="Exclude"
                onClick={() => exclude(value)}
                className="grid size-5 shrink-0 place-items-center rounded text-faint opacity-0 group-focus-within:opacity-100 group-hover:opacity-100 hover:bg-line hover:text-ink pointer-coarse:opacity-100"
              >
                <Icon name="minus" className="size-3" />
              </button>
            </li>
          );
        })}
      </ul>
    </fieldset>
  );
}
