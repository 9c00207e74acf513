import { readQuestion, type Attachment } from './attachments';
import type { Turn } from './turns';

/** Questions whose attachments are held; each has at most 1 MiB. */
const HELD_MAX = 20;

interface Held {
  thread: string;
  attachments: readonly Attachment[];
}

/** What came with questions, by question, the newest last. The server keeps none of it; here it is held while the page is open. */
const held = new Map<string, Held>();

export function hold(question: string, thread: string, attachments: readonly Attachment[]) {
  held.delete(question);
  held.set(question, { thread, attachments });
  for (const oldest of held.keys()) {
    if (held.size <= HELD_MAX) break;
    held.delete(oldest);
  }
}

/** Lets go of all that came with the questions of a conversation. */
export function letGo(thread: string) {
  for (const [question, { thread: own }] of held) if (own === thread) held.delete(question);
}

/** What came with a question: its names, and the texts as long as they are held. */
export function broughtBy({ question, live }: Turn): { names: string[]; attachments?: readonly Attachment[] } {
  const attachments = live?.attachments ?? (question && held.get(question.id)?.attachments);
  const names = attachments?.map(({ name }) => name) ?? readQuestion(question?.text ?? '').names;
  return { names, attachments: names.length > 0 ? attachments : [] };
}
