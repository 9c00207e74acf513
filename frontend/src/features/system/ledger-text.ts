/** How many different values of each kind were cut out, the most first: `4 IP, 1 EMAIL`. */
export function redactionsText(redactions: Readonly<Record<string, number>>): string {
  const kinds = Object.entries(redactions).filter(([, count]) => count > 0);
  return kinds.sort(([a, m], [b, n]) => n - m || a.localeCompare(b)).map(([kind, count]) => `${count} ${kind}`).join(', ') || 'nothing';
}

/** US dollars, to the digits that say something. */
export function costText(dollars: number): string {
  if (dollars === 0) return '$0';
  return dollars < 0.01 ? `$${dollars.toPrecision(2)}` : `$${dollars.toFixed(2)}`;
}
