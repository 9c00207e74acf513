/** The only routes that are more than one segment deep. */
const DEEP = /automation\/runs(?:\/[^/]*)?$/;

/**
 * The path under which the page lives that is open at `url`, ending in a slash. As the depth of every
 * route is known, it is found behind any proxy and without configuration.
 */
export function baseOf(url: string): string {
  const { pathname } = new URL(url);
  return DEEP.test(pathname) ? pathname.replace(DEEP, '') : new URL('.', url).pathname;
}
