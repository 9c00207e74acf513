import type { List, Ticket, TicketDetail } from '@/api-client/types';

import { taskCounts } from './task-text';

/** How many tickets are looked at before it is left to the reader. */
const LOOKED_AT_MAX = 1000;
const AT_ONCE = 6;

export interface GivenUp {
  tickets: TicketDetail[];
  /** Whether all of them were found. */
  isAll: boolean;
}

interface Source {
  getPage: (cursor: string | undefined) => Promise<List<Ticket>>;
  getDetail: (id: string) => Promise<TicketDetail>;
}

const deadOf = (tickets: readonly TicketDetail[]) => tickets.reduce((sum, { tasks }) => sum + taskCounts(tasks).dead, 0);

/**
 * The tickets with something that was given up, `count` things in all. The API does not list them,
 * so tickets are looked at one by one, the newest first, until all are found.
 */
export async function searchGivenUp(count: number, { getPage, getDetail }: Source): Promise<GivenUp> {
  const tickets: TicketDetail[] = [];
  let cursor: string | undefined;
  for (let looked = 0; looked < LOOKED_AT_MAX && deadOf(tickets) < count; ) {
    const page = await getPage(cursor);
    // Tocsin itself is told nothing.
    const outside = page.items.filter(({ tracker }) => tracker !== 'built_in');
    for (let start = 0; start < outside.length && deadOf(tickets) < count; start += AT_ONCE) {
      const details = await Promise.all(outside.slice(start, start + AT_ONCE).map(({ id }) => getDetail(id)));
      tickets.push(...details.filter(({ tasks }) => taskCounts(tasks).dead > 0));
    }
    looked += page.items.length;
    cursor = page.next_cursor ?? undefined;
    if (!cursor) break;
  }
  return { tickets, isAll: deadOf(tickets) >= count };
}
