/** As many charts as one page shows beneath each other. */
export const CHARTS_MAX = 8;

/** The chosen series with one more, or without it if it is among them. */
export function toggled(chosen: string[], id: string): string[] {
  if (chosen.includes(id)) return chosen.filter((other) => other !== id);
  return [...chosen, id].slice(-CHARTS_MAX);
}
