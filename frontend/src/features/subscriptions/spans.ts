const UNITS = { s: 1, m: 60, h: 3600, d: 86_400 } as const;
const SPAN = /^(\d{1,6})\s*(s|m|h|d)$/;

/** The seconds of `90s`, `15m`, `2h` or `1d`; undefined if it cannot be read. */
export function parseSpan(text: string): number | undefined {
  const [, amount, unit] = SPAN.exec(text.trim()) ?? [];
  return amount === undefined ? undefined : Number(amount) * UNITS[unit as keyof typeof UNITS];
}

/** The same in the largest unit that leaves nothing over. */
export function spanText(seconds: number): string {
  const unit = (['d', 'h', 'm'] as const).find((one) => seconds >= UNITS[one] && seconds % UNITS[one] === 0) ?? 's';
  return `${seconds / UNITS[unit]}${unit}`;
}
