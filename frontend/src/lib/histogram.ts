/** How many of these moments lie in each of `count` equal parts of a stretch of time, all in ms. */
export function histogram(moments: readonly number[], fromMs: number, toMs: number, count: number): number[] {
  const bars = Array.from({ length: count }, () => 0);
  const width = (toMs - fromMs) / count;
  for (const moment of moments) {
    const index = Math.floor((moment - fromMs) / width);
    if (index >= 0 && index < count) bars[index] = (bars[index] ?? 0) + 1;
  }
  return bars;
}
