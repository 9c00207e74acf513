import type { ApprovalStage, Vote } from '@/api-client/automation-types';

export interface StageProgress extends ApprovalStage {
  /** Who has said yes, each once. */
  yes: Vote[];
  phase: 'done' | 'now' | 'later' | 'never';
}

/** How far each stage of a plan is; `open` is the one that is asked, if any is. The votes of other stages do not count for it. */
export function stageProgress(stages: readonly ApprovalStage[], votes: readonly Vote[], open?: number | null): StageProgress[] {
  const isAsked = typeof open === 'number';
  return stages.map((stage, index) => {
    const own = votes.filter((vote) => vote.verdict === 'approve' && vote.stage === index);
    const yes = own.filter((vote, at) => own.findIndex(({ actor }) => actor === vote.actor) === at);
    const phase = yes.length >= stage.count ? 'done' : !isAsked ? 'never' : index === open ? 'now' : 'later';
    return { ...stage, yes, phase };
  });
}

/** Who is asked, in words. */
export function stageText({ approvers, count }: ApprovalStage): string {
  if (approvers.length === 0) return count === 1 ? 'anyone' : `any ${count} people`;
  if (approvers.length === 1) return approvers[0] ?? '';
  return count === approvers.length ? `${approvers.slice(0, -1).join(', ')} and ${approvers.at(-1) ?? ''}` : `${count} of ${approvers.join(', ')}`;
}
