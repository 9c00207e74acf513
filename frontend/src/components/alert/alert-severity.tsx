import type { AlertSeverity } from '@/lib/alert-words';

/** The colours of log severities that mean as much. */
const COLOURS: Record<AlertSeverity, string> = { critical: 'fatal', high: 'error', medium: 'warn', low: 'info' };

const TEXT: Record<AlertSeverity, string> = {
  critical: 'text-(--fatal-text)',
  high: 'text-(--error-text)',
  medium: 'text-(--warn-text)',
  low: 'text-(--info-text)',
};

export const severityColour = (severity: AlertSeverity) => `var(--${COLOURS[severity]})`;

export function AlertSwatch({ severity, className = 'size-2.5' }: { severity: AlertSeverity; className?: string }) {
  return <span aria-hidden="true" className={`inline-block shrink-0 rounded-[3px] ${className}`} style={{ background: severityColour(severity) }} />;
}

export function AlertSeverityTag({ severity }: { severity: AlertSeverity }) {
  return (
    <span className={`inline-flex items-center gap-1.5 text-xs font-medium ${TEXT[severity]}`}>
      <AlertSwatch severity={severity} />
      {severity}
    </span>
  );
}
