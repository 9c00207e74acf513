import { describe, expect, it } from 'vitest';

import type { Ticket, TicketDetail, TicketTask } from '@/api-client/types';
import type { Tracker } from '@/lib/ticket-words';

import { searchGivenUp } from './given-up';

const task = (state: TicketTask['state']): TicketTask => ({ id: 1, kind: 'create', state, text: '', due_at: '', attempts: 1 });

/** Pages of tickets, and how many details were asked for. */
function sourceOf(pages: { id: string; tracker?: Tracker; dead?: number }[][]) {
  const asked: string[] = [];
  const all = pages.flat();
  return {
    asked,
    getPage: (cursor: string | undefined) => {
      const at = Number(cursor ?? 0);
      const items = (pages[at] ?? []).map(({ id, tracker = 'jira' }) => ({ id, tracker }) as Ticket);
      return Promise.resolve({ items, next_cursor: at + 1 < pages.length ? String(at + 1) : null });
    },
    getDetail: (id: string) => {
      asked.push(id);
      const dead = all.find((one) => one.id === id)?.dead ?? 0;
      return Promise.resolve({ id, tasks: [task('done'), ...Array.from({ length: dead }, () => task('dead'))] } as TicketDetail);
    },
  };
}

describe('what was given up', () => {
  it('is looked for page by page, no further than needed', async () => {
    const source = sourceOf([[{ id: 'a' }, { id: 'b', tracker: 'built_in' }], [{ id: 'c', dead: 2 }], [{ id: 'd', dead: 1 }]]);
    const found = await searchGivenUp(2, source);
    expect(found.tickets.map(({ id }) => id)).toEqual(['c']);
    expect(found.isAll).toBe(true);
    expect(source.asked).toEqual(['a', 'c']);
  });

  it('is said not to be all where some was not found', async () => {
    const found = await searchGivenUp(3, sourceOf([[{ id: 'a', dead: 1 }]]));
    expect(found.tickets).toHaveLength(1);
    expect(found.isAll).toBe(false);
  });
});
