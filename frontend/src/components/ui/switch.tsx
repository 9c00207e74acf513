interface Props {
  label: string;
  isOn: boolean;
  disabled?: boolean;
  onChange: (isOn: boolean) => void;
}

/** On or off, with effect at once. */
export function Switch({ label, isOn, disabled, onChange }: Props) {
  return (
    <button
      type="button"
      role="switch"
      aria-checked={isOn}
      aria-label={label}
      title={isOn ? 'On' : 'Off'}
      disabled={disabled}
      onClick={() => onChange(!isOn)}
      className={`relative inline-flex h-5 w-9 shrink-0 items-center rounded-full border transition-colors ${isOn ? 'border-accent bg-accent' : 'border-line-strong bg-sunken'}`}
    >
      <span aria-hidden="true" className={`inline-block size-3.5 rounded-full transition-transform ${isOn ? 'translate-x-[1.1rem] bg-on-accent' : 'translate-x-0.5 bg-(--ink-faint)'}`} />
    </button>
  );
}
