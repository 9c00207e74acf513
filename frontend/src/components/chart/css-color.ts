/** The colour that a custom property such as `--error` comes to now, for drawing on a canvas. */
export function cssColor(name: string, opacity = 1): string {
  const probe = document.createElement('span');
  probe.style.color = opacity < 1 ? `color-mix(in srgb, var(${name}) ${opacity * 100}%, transparent)` : `var(${name})`;
  probe.style.display = 'none';
  document.body.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}
