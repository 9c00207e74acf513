import { severityLetter, type Severity } from '@/lib/severity';

const TEXT: Record<Severity, string> = {
  fatal: 'text-(--fatal-text)',
  error: 'text-(--error-text)',
  warn: 'text-(--warn-text)',
  info: 'text-(--info-text)',
  debug: 'text-(--debug-text)',
  trace: 'text-(--trace-text)',
  unspecified: 'text-(--unspecified-text)',
};

/** The severity as one letter, for dense lists; its word is read aloud and shown on hover. */
export function SeverityLetter({ severity }: { severity: Severity }) {
  return (
    <span title={severity} className={`inline-block w-3 text-center font-mono text-xs font-bold ${TEXT[severity]}`}>
      <span aria-hidden="true">{severityLetter(severity)}</span>
      <span className="sr-only">{severity}</span>
    </span>
  );
}

export function SeverityTag({ severity }: { severity: Severity }) {
  return (
    <span className={`inline-flex items-center gap-1.5 text-xs font-medium ${TEXT[severity]}`}>
      <SeveritySwatch severity={severity} />
      {severity}
    </span>
  );
}

export function SeveritySwatch({ severity, className = 'size-2.5' }: { severity: Severity; className?: string }) {
  return <span aria-hidden="true" className={`inline-block shrink-0 rounded-[3px] ${className}`} style={{ background: `var(--${severity})` }} />;
}
