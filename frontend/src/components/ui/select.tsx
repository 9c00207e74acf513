import { inputClass } from './field';

interface Props<T extends string> {
  label: string;
  value: T;
  choices: readonly { value: T; label: string }[];
  onChange: (value: T) => void;
  className?: string;
}

/** The browser's own select, which every assistive technology knows. */
export function Select<T extends string>({ label, value, choices, onChange, className = '' }: Props<T>) {
  return (
    <select aria-label={label} title={label} value={value} onChange={(event) => onChange(event.target.value as T)} className={`${inputClass} w-auto! pr-1 ${className}`}>
      {choices.map((choice) => (
        <option key={choice.value} value={choice.value}>
          {choice.label}
        </option>
      ))}
    </select>
  );
}
