import { baseOf } from './base-of';

/** The path under which the server's page lives, ending in a slash. */
export const BASE = baseOf(document.baseURI);

/** The address of the server as a sender on this machine would write it. */
export const ORIGIN = location.origin + BASE.replace(/\/$/, '');
