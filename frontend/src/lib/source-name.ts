/** The part of a source's name that tells it from others: `file:/var/log/syslog` → `syslog`. */
export function shortSource(name: string): string {
  const path = /^file:(.+)$/.exec(name)?.[1];
  return path?.split('/').filter(Boolean).at(-1) ?? name;
}
