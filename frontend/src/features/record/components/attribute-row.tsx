import type { AttributeValue } from '@/api-client/types';
import { IconButton } from '@/components/ui/button';
import { CopyButton } from '@/components/ui/copy-button';
import { carried, PAGES } from '@/lib/pages';
import { fieldTerm, isKey, withTerm } from '@/lib/query-text';
import { useGo } from '@/lib/use-go';
import { useView } from '@/lib/use-view';

interface Props {
  name: string;
  value: AttributeValue;
  note?: string;
  /** Whether it can be filtered by a list of values rather than by a term of the query. */
  field?: boolean;
  /** Whether filtering by it makes no sense. */
  plain?: boolean;
}

/** A name, its value, and what to do with them: filter in, filter out, copy. */
export function AttributeRow({ name, value, note, field = false, plain = false }: Props) {
  const [view] = useView();
  const go = useGo();
  const base = { ...view, ...carried(view), view: undefined, sort: undefined };
  const text = String(value);
  const filters = !plain && value !== null && isKey(name);
  const include = () => go(PAGES.search, field ? { ...base, [name]: [text] } : { ...base, q: withTerm(view.q, fieldTerm(name, text)) });
  const exclude = () => go(PAGES.search, { ...base, q: withTerm(view.q, fieldTerm(name, text, true)), ...(field && { [name]: undefined }) });
  return (
    <div className="group flex items-start gap-2 py-1 text-xs">
      <dt className="w-32 shrink-0 truncate leading-6 text-soft" title={name}>
        {name}
      </dt>
      <dd className="flex min-w-0 flex-1 items-start gap-1">
        <span className="min-w-0 flex-1 font-mono leading-6 break-all">
          {text}
          {note && <span className="ml-2 font-sans text-faint">{note}</span>}
        </span>
        <span className="flex shrink-0 opacity-60 group-focus-within:opacity-100 group-hover:opacity-100">
          {filters && <IconButton label={`Only lines with ${name} ${text}`} icon="plus" iconClass="size-3.5" className="size-6!" onClick={include} />}
          {filters && <IconButton label={`No lines with ${name} ${text}`} icon="minus" iconClass="size-3.5" className="size-6!" onClick={exclude} />}
          <CopyButton text={text} label={`Copy ${name}`} />
        </span>
      </dd>
    </div>
  );
}
