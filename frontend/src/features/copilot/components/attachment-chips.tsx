import { IconButton } from '@/components/ui/button';
import { Icon } from '@/components/ui/icon';
import { formatBytes } from '@/lib/format';
import { plain } from '@/lib/plain-text';

interface Props {
  /** The size is missing where the text is not held any more. */
  items: readonly { name: string; bytes?: number }[];
  onRemove?: (name: string) => void;
  className?: string;
}

/** What comes with a question. */
export function AttachmentChips({ items, onRemove, className = '' }: Props) {
  if (items.length === 0) return null;
  return (
    <ul aria-label="Attached" className={`flex flex-wrap gap-1.5 ${className}`}>
      {items.map(({ name, bytes }) => (
        <li key={name} className={`flex h-6 max-w-full min-w-0 items-center gap-1.5 rounded-md border border-line bg-surface pl-1.5 text-xs ${onRemove ? '' : 'pr-2'}`}>
          <Icon name="attach" className="size-3 text-faint" />
          <bdi className="truncate" title={plain(name)}>
            {plain(name)}
          </bdi>
          {bytes !== undefined && <span className="shrink-0 text-faint tabular-nums">{formatBytes(bytes)}</span>}
          {onRemove && <IconButton label={`Remove ${plain(name)}`} icon="close" iconClass="size-3" className="size-5.5!" onClick={() => onRemove(name)} />}
        </li>
      ))}
    </ul>
  );
}
