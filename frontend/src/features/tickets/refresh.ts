const EVERY_MS = 5000;
/** Whoever has turned so many pages reads; asking for all of them again would cost more than it tells. */
const PAGES_MAX = 3;

/** After how many ms a list of pages is asked for again; `false` for never. */
export const refreshOf = (pages = 0): number | false => (pages > PAGES_MAX ? false : EVERY_MS);
