import type { components } from './schema';
import type { Sharper } from './types';

/** What the copilot and the reports of causes answer with. */
type Schemas = components['schemas'];

export type Fact = Schemas['FactItem'];
export type Statement = Schemas['StatementItem'];
export type Writer = Schemas['WriterItem'];
export type Understood = Schemas['UnderstoodItem'];
export type Step = Sharper<Schemas['StepItem'], { arguments: Record<string, unknown> }>;
/** What is drawn within an answer; the page asks for its points. */
export type AnswerChartWish = Schemas['ChartItem'];
export type Proposal = Schemas['ProposalItem'];
export type Answer = Sharper<Schemas['CopilotAnswer'], { steps: Step[] }>;
/** The page a question is asked from. */
export type PageContext = Schemas['PageForm'];
export type Verdict = 'up' | 'down';
export type Message = Sharper<Schemas['MessageItem'], { role: 'user' | 'assistant'; feedback?: Verdict | null; answer?: Answer | null }>;
export type Thread = Schemas['ThreadItem'];
/** A thread with its messages, the oldest first. */
export type ThreadDetail = Thread & { items: Message[] };

export type SubjectType = 'alert' | 'incident';
export type CauseFactor = Schemas['CauseFactorItem'];
export type Cause = Schemas['CauseItem'];
/** One revision of a report of causes; revisions are added, none is rewritten. */
export type RootCause = Sharper<Schemas['RootCauseItem'], { subject: { type: SubjectType; id: string }; verdict: 'found' | 'inconclusive' }>;
export type Summary = Schemas['SummaryItem'];
export type Change = Schemas['ChangeItem'];
export type Runbook = Schemas['RunbookItem'];
export type CopilotStatus = Schemas['CopilotStatusAnswer'];
/** One call of a model: what left the machine, and where it went. */
export type LedgerEntry = Schemas['LedgerItem'];
