import type { ApprovalStage, Vote } from '@/api-client/automation-types';

export interface StageProgress extends ApprovalStage {
  /** Who has said yes, each once. */
  yes: Vote[];
  phase: 'done' | 'now' | 'later';
}

/** How far each stage of a plan is; the votes of others stages do not count for it. */
export function stageProgress(stages: readonly ApprovalStage[], votes: readonly Vote[]): StageProgress[] {
  let isNow = true;
  return stages.map((stage, index) => {
    const own = votes.filter((vote) => vote.verdict === 'approve' && vote.stage === index);
    const yes = own.filter((vote, at) => own.findIndex(({ actor }) => actor === vote.actor) === at);
    const phase = yes.length >= stage.count ? 'done' : isNow ? 'now' : 'later';
    if (phase !== 'done') isNow = false;
    return { ...stage, yes, phase };
  });
}

/** Who is asked, in words. */
export function stageText({ approvers, count }: ApprovalStage): string {
  if (approvers.length === 0) return count === 1 ? 'anyone' : `any ${count} people`;
  if (approvers.length === 1) return approvers[0] ?? '';
  return count === approvers.length ? `${approvers.slice(0, -1).join(', ')} and ${approvers.at(-1) ?? ''}` : `${count} of ${approvers.join(', ')}`;
}
