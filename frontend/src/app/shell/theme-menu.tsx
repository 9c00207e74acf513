import { DropdownMenu } from 'radix-ui';

import { IconButton } from '@/components/ui/button';
import { Icon, type IconName } from '@/components/ui/icon';
import { useTheme, type Theme } from '@/lib/theme';

const CHOICES: { value: Theme; label: string; icon: IconName }[] = [
  { value: 'system', label: 'As the system', icon: 'screen' },
  { value: 'light', label: 'Light', icon: 'sun' },
  { value: 'dark', label: 'Dark', icon: 'moon' },
];

export function ThemeMenu() {
  const { theme, setTheme, shown } = useTheme();
  return (
    <DropdownMenu.Root>
      <DropdownMenu.Trigger asChild>
        <IconButton label="Theme" icon={shown === 'dark' ? 'moon' : 'sun'} />
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content align="end" sideOffset={4} className="z-50 min-w-44 rounded-lg border border-line-strong bg-raised p-1 text-sm shadow-xl shadow-black/15">
          <DropdownMenu.RadioGroup value={theme} onValueChange={(value) => setTheme(value as Theme)}>
            {CHOICES.map(({ value, label, icon }) => (
              <DropdownMenu.RadioItem key={value} value={value} className="flex items-center gap-2 rounded px-2.5 py-1.5 outline-none data-highlighted:bg-hover">
                <Icon name={icon} />
                <span className="flex-1">{label}</span>
                <DropdownMenu.ItemIndicator>
                  <Icon name="check" className="size-3.5" />
                </DropdownMenu.ItemIndicator>
              </DropdownMenu.RadioItem>
            ))}
          </DropdownMenu.RadioGroup>
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}
