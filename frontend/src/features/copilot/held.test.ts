import { expect, it } from 'vitest';

import type { Message } from '@/api-client/copilot-types';

import { broughtBy, hold, letGo } from './held';
import { asking } from './live-answer';

const attachment = { name: 'describe.txt', text: 'Reason: OOMKilled', bytes: 17 };
const turn = (id: string, text: string) => ({ question: { id, thread: 't', role: 'user', at: '', text } as Message, answers: [] });
const brought = (id: string) => broughtBy(turn(id, 'why?\nAttached: describe.txt'));

it('holds what came with a question until its conversation is deleted', () => {
  expect(brought('q1')).toEqual({ names: ['describe.txt'], attachments: undefined });
  hold('q1', 't1', [attachment]);
  hold('q2', 't2', [attachment]);
  expect(brought('q1').attachments).toEqual([attachment]);
  letGo('t1');
  expect([brought('q1').attachments, brought('q2').attachments]).toEqual([undefined, [attachment]]);
});

it('holds it for the newest questions only', () => {
  for (let nth = 0; nth <= 20; nth += 1) hold(`n${nth}`, 't3', [attachment]);
  expect([brought('n0').attachments, brought('n1').attachments]).toEqual([undefined, [attachment]]);
});

it('knows what comes with a question that the server does not have yet', () => {
  expect(broughtBy({ answers: [], live: asking({ text: 'why?', attachments: [attachment] }) })).toEqual({ names: ['describe.txt'], attachments: [attachment] });
});

it('needs nothing for a question that came alone', () => {
  expect(broughtBy(turn('q9', 'why?'))).toEqual({ names: [], attachments: [] });
  expect(broughtBy({ answers: [], live: asking({ text: 'why?' }) })).toEqual({ names: [], attachments: [] });
});
