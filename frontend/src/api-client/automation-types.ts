import type { AlertSeverity } from '@/lib/alert-words';
import type { PreviewKind, RiskLevel, RunState, VoteVerdict } from '@/lib/automation-words';

import type { components } from './schema';
import type { Sharper } from './types';

/** What automation answers with. */
type Schemas = components['schemas'];

export type ParamValue = string | number | boolean | null | ParamValue[] | { [name: string]: ParamValue };

export type Risk = Sharper<Schemas['RiskItem'], { level: RiskLevel }>;
export type ApprovalStage = Schemas['StageItem'];
/** How the runs of a rule went. */
export type RuleRecord = Schemas['RuleRecordItem'];
export type AutomationRule = Sharper<Schemas['AutomationRuleItem'], { risk: Risk; approval: Sharper<Schemas['ApprovalItem'], { required: 'always' | 'never' | 'when' }> }>;
export type RuleVersion = Schemas['RuleVersionItem'];
export type Run = Sharper<Schemas['RunItem'], { state: RunState }>;
export type PlannedAction = Sharper<Schemas['ActionItem'], { params: Record<string, ParamValue> }>;
export type ChangeCounts = Schemas['ChangeCountsItem'];
export type PlanPreview = Sharper<Schemas['RunPreviewItem'], { kind: PreviewKind }>;
export type Plan = Sharper<Schemas['PlanItem'], { action: PlannedAction; rollback?: PlannedAction | null; preview: PlanPreview; risk: Risk; escalates_to?: AlertSeverity | null }>;
export type Vote = Sharper<Schemas['VoteItem'], { verdict: VoteVerdict }>;
export type RunEvent = Sharper<Schemas['RunEventItem'], { from?: RunState | null; to: RunState }>;
export type RunDetails = Sharper<Schemas['RunDetailItem'], { state: RunState; plan_details?: Plan | null; votes: Vote[]; events: RunEvent[] }>;
/** What a rule makes of an alert. */
export type ActionTest = Sharper<Schemas['AutomationTestAnswer'], { action?: PlannedAction | null }>;
/** What a rule would have done. */
export type Replay = Schemas['AutomationReplayAnswer'];
export type Provider = Schemas['ProviderItem'];
export type RateLimit = Schemas['RateLimitItem'];
export type Budget = Schemas['BudgetItem'];
/** A time in which nothing begins. */
export type Freeze = Sharper<Schemas['FreezeItem'], { recurrence?: 'daily' | 'weekly' | null }>;
export type FreezeWish = Omit<Freeze, 'is_active'>;
export type Safety = Sharper<Schemas['SafetyAnswer'], { freezes: Freeze[] }>;
/** Who the server takes the reader for. */
export type Me = Schemas['MeAnswer'];
