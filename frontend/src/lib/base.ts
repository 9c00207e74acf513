/**
 * The path under which the server's page lives, ending in a slash. Every route is one segment deep,
 * so the page's own folder is that path, behind any proxy and without configuration.
 */
export const BASE = new URL('.', document.baseURI).pathname;

/** The address of the server as a sender on this machine would write it. */
export const ORIGIN = location.origin + BASE.replace(/\/$/, '');
