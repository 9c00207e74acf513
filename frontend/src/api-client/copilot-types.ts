import type { Evidence } from './types';

/** What the copilot and the reports of causes answer with; the names are the API's. */

/** Evidence under a short id, as it is cited within one answer or report. */
export interface Fact {
  id: string;
  text: string;
  at?: string | null;
  evidence: Evidence;
}

/** One sentence with the facts that it rests on. */
export interface Statement {
  text: string;
  cites: string[];
}

export interface Writer {
  provider: string;
  model: string;
  prompt_hash: string;
  /** Sentences of the model that were dropped, since their evidence does not bear them out. */
  dropped: number;
}

export interface Understood {
  intent: string;
  text: string;
  entities: string[];
  from: string;
  to: string;
  time_words?: string | null;
}

export interface Step {
  tool: string;
  arguments: Record<string, unknown>;
  summary: string;
  ok: boolean;
  took_ms: number;
}

/** What is drawn within an answer; the page asks for its points. */
export interface AnswerChartWish {
  title: string;
  query: string;
  from: string;
  to: string;
}

export interface Proposal {
  failure_type: string;
  steps: string[];
  verify: string;
  cites: string[];
}

export interface Answer {
  understood: Understood;
  steps: Step[];
  statements: Statement[];
  facts: Fact[];
  charts: AnswerChartWish[];
  proposals: Proposal[];
  follow_ups: string[];
  notices: string[];
  writer: Writer;
  stopped: boolean;
  took_ms: number;
}

/** The page a question is asked from. */
export interface PageContext {
  alert?: string | null;
  incident?: string | null;
  record?: string | null;
  metric?: string | null;
  query?: string | null;
  from?: string | null;
  to?: string | null;
}

export type Verdict = 'up' | 'down';

export interface Message {
  id: string;
  thread: string;
  /** The question that it answers; several answers to one are those of asking again. */
  answers?: string | null;
  role: 'user' | 'assistant';
  at: string;
  text: string;
  page?: PageContext | null;
  answer?: Answer | null;
  feedback?: Verdict | null;
  comment?: string | null;
}

export interface Thread {
  id: string;
  title: string;
  user: string;
  created_at: string;
  updated_at: string;
  messages: number;
}

/** A thread with its messages, the oldest first. */
export interface ThreadDetail extends Thread {
  items: Message[];
}

export interface CauseFactor {
  kind: string;
  weight: number;
  value: number;
}

export interface Cause {
  entity: string;
  confidence: number;
  statements: Statement[];
  factors: CauseFactor[];
}

/** One revision of a report of causes; revisions are added, none is rewritten. */
export interface RootCause {
  id: string;
  subject: { type: SubjectType; id: string };
  revision: number;
  made_at: string;
  from: string;
  to: string;
  since?: string | null;
  verdict: 'found' | 'inconclusive';
  what: Statement[];
  impact: Statement[];
  causes: Cause[];
  ruled_out: { entity: string; statement: Statement }[];
  remediation: Statement[];
  would_settle: Statement[];
  facts: Fact[];
  writer: Writer;
  took_ms: number;
  confirmed?: string | null;
}

export type SubjectType = 'alert' | 'incident';

export interface Summary {
  title: string;
  sections: { title: string; statements: Statement[] }[];
  facts: Fact[];
  writer: Writer;
  made_at: string;
}

export interface Change {
  id: string;
  at: string;
  kind: 'deploy' | 'config' | 'scaling' | 'restart' | 'run' | 'other';
  entity: string;
  title: string;
  labels: Record<string, string>;
  source: string;
  actor?: string | null;
  url?: string | null;
  record?: string | null;
}

export interface Runbook {
  failure_type: string;
  title: string;
  steps: string[];
  verify: string;
  url?: string | null;
}

export interface CopilotStatus {
  provider: string;
  model: string;
  host: string;
  grade?: { unknown?: string | null; streams: boolean; calls_tools: boolean; keeps_json: boolean; context_tokens: number } | null;
  explanation: string;
  answering: number;
}

/** One call of a model: what left the machine, and where it went. */
export interface LedgerEntry {
  id: string;
  at: string;
  provider: string;
  model: string;
  destination: string;
  user: string;
  question_id?: string | null;
  task: string;
  prompt_hash: string;
  tokens_in: number;
  tokens_out: number;
  cost_usd: number;
  redactions: Record<string, number>;
  outcome: string;
  took_ms: number;
  sent_sha256: string;
}
