export const SEVERITIES = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'unspecified'] as const;

/** The bands of OpenTelemetry's severity numbers, as the API names them. */
export type Severity = (typeof SEVERITIES)[number];

export type SeverityCounts = Partial<Record<Severity, number>>;

const LETTERS: Record<Severity, string> = {
  fatal: 'F',
  error: 'E',
  warn: 'W',
  info: 'I',
  debug: 'D',
  trace: 'T',
  unspecified: '·',
};

export const severityLetter = (severity: Severity) => LETTERS[severity];

export function isSeverity(text: string): text is Severity {
  return (SEVERITIES as readonly string[]).includes(text);
}

/** The worst severity that occurs, for colouring a group of lines. */
export function worstSeverity(counts: SeverityCounts): Severity {
  return SEVERITIES.find((severity) => (counts[severity] ?? 0) > 0) ?? 'unspecified';
}
