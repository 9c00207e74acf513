import { useCopy } from '@/lib/use-copy';

import { IconButton } from './button';

export function CopyButton({ text, label, className }: { text: string; label: string; className?: string }) {
  const [copied, copy] = useCopy();
  return (
    <IconButton
      label={copied ? 'Copied' : label}
      icon={copied ? 'check' : 'copy'}
      iconClass="size-3.5"
      className={`size-6! ${copied ? 'text-ok' : ''} ${className ?? ''}`}
      onClick={() => copy(text)}
    />
  );
}
