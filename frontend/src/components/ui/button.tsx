import type { ComponentProps } from 'react';

import { Icon, type IconName } from './icon';

const LOOKS = {
  plain: 'border border-line bg-surface text-ink hover:bg-hover hover:border-line-strong',
  primary: 'border border-transparent bg-accent text-on-accent hover:bg-accent-strong',
  quiet: 'border border-transparent text-soft hover:bg-hover hover:text-ink',
  danger: 'border border-transparent bg-danger-fill text-white hover:brightness-110',
};

export type Look = keyof typeof LOOKS;

export function buttonClass(look: Look = 'plain', className = '') {
  return `inline-flex h-8 shrink-0 items-center justify-center gap-1.5 rounded-md px-2.5 text-sm font-medium whitespace-nowrap transition-colors disabled:cursor-not-allowed disabled:opacity-50 ${LOOKS[look]} ${className}`;
}

type Props = ComponentProps<'button'> & { look?: Look; icon?: IconName };

export function Button({ look, icon, className, children, ...rest }: Props) {
  return (
    <button type="button" className={buttonClass(look, className)} {...rest}>
      {icon && <Icon name={icon} />}
      {children}
    </button>
  );
}

/** A button that shows an icon only; its label is read aloud and shown on hover. */
export function IconButton({ label, icon, look = 'quiet', className = '', iconClass, ...rest }: Omit<Props, 'icon'> & { label: string; icon: IconName; iconClass?: string }) {
  return (
    <button type="button" aria-label={label} title={label} className={buttonClass(look, `w-8 px-0! ${className}`)} {...rest}>
      <Icon name={icon} className={iconClass} />
    </button>
  );
}
