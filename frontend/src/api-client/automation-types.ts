import type { PreviewKind, RiskLevel, RunState, VoteVerdict } from '@/lib/automation-words';

/** What automation answers with. */
export type ParamValue = string | number | boolean | null | ParamValue[] | { [name: string]: ParamValue };

export interface Risk {
  level: RiskLevel;
  reasons: string[];
}

export interface ApprovalStage {
  /** By name; none: anyone. */
  approvers: string[];
  count: number;
}

/** How the runs of a rule went. */
export interface RuleRecord {
  executed: number;
  succeeded: number;
  verified: number;
  failed_in_a_row: number;
}

export interface AutomationRule {
  id: string;
  name: string;
  enabled: boolean;
  version: number;
  provider: string;
  /** What is run there, for people. */
  template: string;
  /** Which alerts, in a line. */
  match: string;
  targets: string[];
  group_by: string[];
  cooldown_secs: number;
  throttle?: string | null;
  dry_run: boolean;
  approval: { required: 'always' | 'never' | 'when'; when?: string | null; stages: ApprovalStage[]; expires_after_secs: number; two_person: boolean };
  verify?: string | null;
  rollback: boolean;
  risk: Risk;
  record: RuleRecord;
  /** It did not help too often: whatever it proposes waits for a person. */
  propose_only: boolean;
  /** As in the file. */
  yaml: string;
}

export interface RuleVersion {
  version: number;
  /** None: the rule was deleted then. */
  yaml?: string | null;
}

export interface Run {
  id: string;
  rule: string;
  rule_version: number;
  rule_name?: string | null;
  alert: string;
  alert_title?: string | null;
  episode_since: string;
  targets: string[];
  provider: string;
  template?: string | null;
  state: RunState;
  state_because?: string | null;
  dry_run: boolean;
  proposer: string;
  proposed_at: string;
  updated_at: string;
  expires_at?: string | null;
  /** The hash of its plan. */
  plan?: string | null;
  /** Why it does not begin. */
  waiting_because?: string | null;
  risk_level?: RiskLevel | null;
  /** Whether it was seen to help; none: that was not looked at. */
  verified?: boolean | null;
}

export interface PlannedAction {
  provider: string;
  template: string;
  base_url?: string | null;
  params: Record<string, ParamValue>;
}

export interface ChangeCounts {
  add: number;
  change: number;
  destroy: number;
}

export interface PlanPreview {
  kind: PreviewKind;
  text: string;
  counts?: ChangeCounts | null;
  hosts: string[];
  artifacts: { name: string; sha256: string }[];
}

export interface Plan {
  hash: string;
  action: PlannedAction;
  rollback?: PlannedAction | null;
  preview: PlanPreview;
  risk: Risk;
  stages: ApprovalStage[];
  two_person: boolean;
  approval_because: string;
  proposer: string;
  verify?: string | null;
  resolves_alert: boolean;
  rolls_back: boolean;
  escalates_to?: string | null;
  timeout_secs: number;
  made_at: string;
  expires_at: string;
}

export interface Vote {
  actor: string;
  verdict: VoteVerdict;
  comment: string;
  channel: string;
  /** From 0. */
  stage: number;
  at: string;
}

export interface RunEvent {
  seq: number;
  at: string;
  actor: string;
  from?: RunState | null;
  to: RunState;
  what: string;
  detail: string;
}

export interface RunDetails extends Run {
  plan_details?: Plan | null;
  votes: Vote[];
  events: RunEvent[];
  /** Whose yes it waits for, as a sentence. */
  waits_for?: string | null;
  can: { approve: boolean; reject: boolean; cancel: boolean; rollback: boolean };
  /** Bytes of what it printed. */
  output_size: number;
}

/** What a rule makes of an alert. */
export interface ActionTest {
  matches: boolean;
  because: string;
  targets: string[];
  action?: PlannedAction | null;
  approval: string;
  problem?: string | null;
}

/** What a rule would have done. */
export interface Replay {
  looked_at: number;
  matched: number;
  runs: { at: string; alert: string; targets: string[] }[];
  held_back: number;
  problems: { alert: string; problem: string }[];
  too_broad?: string | null;
}

export interface Provider {
  name: string;
  kind: string;
  healthy: boolean;
  detail: string;
  took_ms: number;
  checked_at: string;
}

export interface RateLimit {
  runs_max: number;
  window_secs: number;
}

export interface Budget {
  global: RateLimit;
  provider: RateLimit;
  rule: RateLimit;
  targets_max: number;
  waiting_max: number;
  failed_verifications_max: number;
  match_percent_max: number;
}

/** A time in which nothing begins. */
export interface Freeze {
  reason: string;
  starts_at: string;
  ends_at: string;
  recurrence?: 'daily' | 'weekly' | null;
}

export interface Safety {
  budget: Budget;
  /** Everything is stopped; none: it is not. */
  kill?: { by: string; at: string; reason: string } | null;
  freezes: Freeze[];
}

/** Who the server takes the reader for. */
export interface Me {
  name: string;
  is_known: boolean;
}
