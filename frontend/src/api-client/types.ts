import type { AlertKind, AlertSeverity, AlertStatus, IncidentStatus } from '@/lib/alert-words';
import type { JobStatus } from '@/lib/job-words';
import type { Severity, SeverityCounts } from '@/lib/severity';
import type { DecisionAction, TaskKind, TaskState, TicketStatus, Tracker } from '@/lib/ticket-words';

import type { components } from './schema';

type Schemas = components['schemas'];

/** `T` with some members known more exactly than the OpenAPI document can say. */
export type Sharper<T, Known> = Omit<T, keyof Known> & Known;

export type AttributeValue = string | number | boolean | null;
type Counted = { severities: SeverityCounts };

export type LogRecord = Sharper<
  Schemas['Record'],
  {
    severity: Severity;
    attributes: Record<string, AttributeValue>;
    /** Pairs of code point offsets into `body`. */
    highlights: [number, number][];
  }
>;
export type Prototype = Schemas['Prototype'];
export type SearchResult = Sharper<Schemas['SearchAnswer'], { items: LogRecord[] }>;
export type LogContext = { before: LogRecord[]; line: LogRecord; after: LogRecord[] };
export type SimilarLogs = Sharper<Schemas['SimilarAnswer'], { items: LogRecord[] }>;
export type Histogram = Sharper<Schemas['HistogramAnswer'], { buckets: { start: string; counts: SeverityCounts }[] }>;
export type Facet = Schemas['Field'];

export type Template = Sharper<Schemas['TemplateItem'], Counted & { severity: Severity }>;
export type TemplateDetail = Template & { children: string[]; trend: number[] };
export type VariableValues = Schemas['VariableItem'];
export type Cluster = Sharper<Schemas['ClusterItem'], Counted>;
export type ClusterDetail = Cluster & { members: Template[] };

export type DataSource = Sharper<Schemas['DataSourceItem'], { status: 'reading' | 'waiting' | 'error' }>;
export type Stats = Schemas['StatsAnswer'];
export type Dependency = Schemas['Dependency'];
export type Job = Sharper<Schemas['JobItem'], { status: JobStatus; parameters: Record<string, unknown>; result?: Record<string, unknown> | null }>;
export type JobKind = Sharper<Schemas['JobKindItem'], { example: Record<string, unknown> }>;
export type JobSchedule = Sharper<Schemas['ScheduleItem'], { parameters: Record<string, unknown> }>;
export type AuditEntry = Sharper<Schemas['AuditItem'], { details: Record<string, unknown> }>;
export type Series = Sharper<Schemas['SeriesItem'], { kind: 'gauge' | 'counter' | 'unknown' }>;
/** Columns of equal length; those of the expected band are empty for a query. */
export type Points = Schemas['QueryItem'];
export type Verdict = 'not_anomaly' | 'missed';
export type Anomaly = Sharper<Schemas['AnomalyItem'], { feedback?: Verdict | null }>;
export type PredictionOutcome = 'open' | 'hit' | 'early' | 'late' | 'false_alarm' | 'miss' | 'quiet';
export type Prediction = Sharper<Schemas['PredictionItem'], { direction: 'rising' | 'falling'; outcome: PredictionOutcome }>;
export type Forecast = Sharper<Schemas['ForecastAnswer'], { series: Series }>;
export type Score = Sharper<Schemas['ScoreItem'], { outcomes: Partial<Record<PredictionOutcome, number>> }>;
export type ScorecardRow = Sharper<Schemas['ScorecardItem'], { score: Score }>;
/** The sources, and the stores that could not be asked about them. */
export type DataSources = List<DataSource> & { missing: Dependency[] };
export type Scorecard = List<ScorecardRow> & { total: Score };
export type Alert = Sharper<Schemas['AlertItem'], { severity: AlertSeverity; status: AlertStatus; kind: AlertKind }>;
export type AlertEvent = Schemas['AlertEventItem'];
export type AlertDetail = Alert & { events: AlertEvent[] };
export type AlertSummary = Sharper<Schemas['AlertSummary'], { severities: Partial<Record<AlertSeverity, number>>; statuses: Partial<Record<AlertStatus, number>> }>;
export type Ticket = Sharper<Schemas['TicketItem'], { tracker: Tracker; status: TicketStatus; severity: AlertSeverity }>;
export type TicketTask = Sharper<Schemas['TicketTaskItem'], { kind: TaskKind; state: TaskState }>;
export type TicketComment = Schemas['TicketCommentItem'];
export type Decided = Sharper<Schemas['DecidedItem'], { action: DecisionAction; severity: AlertSeverity }>;
export type Decision = Sharper<Schemas['DecisionItem'], { action: DecisionAction; severity: AlertSeverity }>;
export type TicketDetail = Ticket & { description: string; tasks: TicketTask[]; comments: TicketComment[]; decisions: Decision[] };
export type TicketSettings = Schemas['TicketSettingsForm'];
export type TicketState = Sharper<Schemas['TicketStatusAnswer'], { tracker: Sharper<Schemas['TicketStatusAnswer']['tracker'], { kind: Tracker }> }>;
export type Evidence = Schemas['EvidenceItem'];
export type BulkAction = 'acknowledge' | 'start' | 'assign' | 'snooze' | 'escalate' | 'resolve' | 'comment';
export type BulkResult = Sharper<Schemas['BulkItem'], { result: 'done' | 'unknown' | 'refused' | 'invalid'; alert?: Alert | null }>;
export type BulkAnswer = { done: number; items: BulkResult[] };
export type Incident = Sharper<Schemas['IncidentItem'], { severity: AlertSeverity; status: IncidentStatus }>;
export type IncidentDetail = Incident & { alerts: Alert[] };
export type SimilarIncident = Sharper<Schemas['SimilarIncidentItem'], { incident: Incident }>;
export interface SimilarIncidents {
  items: SimilarIncident[];
}
export type AlertRule = Schemas['AlertRuleForm'];
export type RuleTest = Schemas['RuleTestAnswer'];
export type Evaluation = 'fired' | 'pending' | 'not_met' | 'no_data' | 'failed' | 'disabled';
export type Why = Sharper<Schemas['WhyAnswer'], { evaluation: Evaluation; groups: Sharper<Schemas['WhyGroup'], { evaluation: Evaluation }>[] }>;
export type ClassificationRule = Schemas['ClassificationRuleForm'];
export type Classified = Schemas['ClassifyAnswer'];
export type LabelMatcher = Schemas['MatcherItem'];
export type Silence = Sharper<Schemas['SilenceItem'], { state: 'active' | 'pending' | 'expired'; recurrence?: 'daily' | 'weekly' | null }>;
export type SilenceWish = Schemas['SilenceRequest'];
export type SilencePreview = Sharper<Schemas['PreviewAnswer'], { examples: Alert[] }>;
export type DeliveryState = 'pending' | 'sent' | 'skipped' | 'dead';
export type ChannelName = 'webhook' | 'slack' | 'email' | 'pagerduty';
export type Subscription = Schemas['SubscriptionForm'];
/** A channel with the secrets that may be given and are never shown. */
export type ChannelWish = Partial<Schemas['ChannelForm']> & { type: string; secret?: string; webhook_url?: string; token?: string; routing_key?: string };
export type SubscriptionWish = Sharper<Subscription, { channel: ChannelWish }>;
export type Delivery = Sharper<Schemas['DeliveryItem'], { state: DeliveryState }>;
export type MessagePreview = Sharper<Schemas['MessagePreviewAnswer'], { body: unknown }>;
export type ChannelAnswer = Schemas['ChannelTestAnswer'];
export type Problem = Schemas['Problem'];

export interface List<T> {
  items: T[];
  next_cursor?: string | null;
}
