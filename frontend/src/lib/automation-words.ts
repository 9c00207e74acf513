/** The words for automation, as the API has them. */
export const RUN_STATES = ['proposed', 'awaiting_approval', 'approved', 'executing', 'verifying', 'rolling_back', 'succeeded', 'failed', 'rolled_back', 'rejected', 'expired', 'cancelled'] as const;
export type RunState = (typeof RUN_STATES)[number];

/** The states in which nothing more happens by itself. */
export const FINAL_STATES: RunState[] = ['succeeded', 'failed', 'rolled_back', 'rejected', 'expired', 'cancelled'];
export const ACTIVE_STATES: RunState[] = RUN_STATES.filter((state) => !FINAL_STATES.includes(state));

export const isRunState = (text: string): text is RunState => (RUN_STATES as readonly string[]).includes(text);
export const isFinal = (state: RunState) => FINAL_STATES.includes(state);

export type RiskLevel = 'low' | 'medium' | 'high';
export type PreviewKind = 'none' | 'described' | 'dry_run' | 'plan';
export type VoteVerdict = 'approve' | 'reject';

/** How what will happen was found out, in a sentence. */
export const PREVIEW_WORDS: Record<PreviewKind, string> = {
  none: 'The provider cannot say what would happen.',
  described: 'This is what is asked for; it was not tried.',
  dry_run: 'It was tried without changing anything; this is what it said.',
  plan: 'A plan of the provider; exactly this is carried out.',
};

/** Who did something, in words: the server does some things by itself. */
export const actorName = (actor: string) => (actor === 'system' ? 'Tocsin' : actor);
