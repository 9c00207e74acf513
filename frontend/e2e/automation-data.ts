import type { AutomationRule, Plan, Provider, RunDetails, RunEvent, Safety, Vote } from '../src/api-client/automation-types';

/** What the made-up automation of the specs holds: plain values in the form of the API. */
export const ALERT = '01a2235b-4a65-7000-948a-5c920d837a01';
export const DISK_RUN = '01a2235b-4a65-7000-948a-5c920d837b01';
export const CLOUD_RUN = '01a2235b-4a65-7000-948a-5c920d837b02';
export const LIVE_RUN = '01a2235b-4a65-7000-948a-5c920d837b03';
export const FAILED_RUN = '01a2235b-4a65-7000-948a-5c920d837b04';

export const ago = (seconds: number) => new Date(Date.now() - seconds * 1000).toISOString();
const ahead = (seconds: number) => ago(-seconds);
const hash = (digit: string) => digit.repeat(64);

export const alert = {
  id: ALERT,
  seq: 3,
  fingerprint: 'a1',
  kind: 'realtime',
  severity: 'critical',
  status: 'new',
  title: 'Disk /var on web-1 is 97 % full',
  rule: 'disk_full',
  labels: { host: 'web-1', mountpoint: '/var', service: 'shop' },
  annotations: { summary: 'Writes begin to fail within the hour.' },
  evidence: [],
  starts_at: ago(1500),
  last_at: ago(20),
  ends_at: null,
  returned_at: [],
  count: 41,
  confidence: 0.94,
  failure_type: 'disk_full',
  firing: true,
  is_flapping: false,
  silenced_by: [],
  inhibited_by: [],
  snoozed_until: null,
  assignee: null,
  incident: null,
  joined_because: null,
  events: [{ seq: 1, alert: ALERT, at: ago(1500), actor: 'system', kind: 'fired' }],
};

export const why = {
  at: ago(1500),
  evaluation: 'fired',
  detail: 'the condition holds for 1 of 14 label sets',
  suppressed_by: [],
  groups: [{ labels: { host: 'web-1', mountpoint: '/var' }, evaluation: 'fired', detail: 'value 0.97 > 0.9 for 5 min' }],
};

const DISK_YAML = `id: clean_full_disk
name: Remove old logs from a disk that is full
enabled: true
match:
  failure_type: disk_full
  min_confidence: 0.8
action:
  provider: ansible
  params:
    playbook: clean-disk.yml
    limit: "{{ alert.labels.host }}"
    extra_vars: { keep_days: 7 }
targets: "{{ alert.labels.host }}"
group_by: host
cooldown: 1h
approval:
  required: always
  stages:
    - { approvers: [ana, ben], count: 1 }
    - { count: 1 }
  expires_after: 4h
verify:
  after: 1m
  timeout: 10m
  expect: metrics.used_ratio < 0.9
risk: { level: medium, reasons: [logs older than a week are gone for good] }
`;

export const rules = (): AutomationRule[] => [
  {
    id: 'clean_full_disk',
    name: 'Remove old logs from a disk that is full',
    enabled: true,
    version: 3,
    provider: 'ansible',
    template: 'playbook clean-disk.yml',
    match: 'failure type disk_full, at least 80 % sure',
    targets: ['{{ alert.labels.host }}'],
    group_by: ['host'],
    cooldown_secs: 3600,
    throttle: null,
    dry_run: false,
    approval: { required: 'always', when: null, stages: [{ approvers: ['ana', 'ben'], count: 1 }, { approvers: [], count: 1 }], expires_after_secs: 14_400, two_person: false },
    verify: 'metrics.used_ratio < 0.9',
    rollback: false,
    risk: { level: 'medium', reasons: ['logs older than a week are gone for good'] },
    record: { executed: 24, succeeded: 21, verified: 20, failed_in_a_row: 0 },
    propose_only: false,
    yaml: DISK_YAML,
  },
  {
    id: 'restart_service',
    name: 'Restart a service that does not answer',
    enabled: true,
    version: 1,
    provider: 'scripts',
    template: 'script restart_service',
    match: 'failure type health_check_failed, with a label service',
    targets: ['{{ alert.labels.service }}'],
    group_by: ['service', 'host'],
    cooldown_secs: 900,
    throttle: '2 within 10 min',
    dry_run: false,
    approval: { required: 'when', when: "severity == 'critical'", stages: [{ approvers: [], count: 1 }], expires_after_secs: 1800, two_person: false },
    verify: '!alert.firing',
    rollback: false,
    risk: { level: 'low', reasons: ['requests that are being answered are lost'] },
    record: { executed: 9, succeeded: 3, verified: 3, failed_in_a_row: 3 },
    propose_only: true,
    yaml: 'id: restart_service\nmatch: { failure_type: health_check_failed }\naction: { provider: scripts, params: { script: restart_service } }\n',
  },
  {
    id: 'scale_out',
    name: 'Add a node to a pool that is overloaded',
    enabled: false,
    version: 2,
    provider: 'cloud',
    template: 'run on workspace pool-eu',
    match: 'severity critical or high, when labels.pool == "eu"',
    targets: ['pool-eu'],
    group_by: ['pool'],
    cooldown_secs: 0,
    throttle: null,
    dry_run: true,
    approval: { required: 'always', when: null, stages: [{ approvers: ['ana', 'ben', 'cid'], count: 2 }], expires_after_secs: 3600, two_person: true },
    verify: null,
    rollback: true,
    risk: { level: 'high', reasons: ['costs money', 'replaces a load balancer'] },
    record: { executed: 0, succeeded: 0, verified: 0, failed_in_a_row: 0 },
    propose_only: false,
    yaml: 'id: scale_out\nmatch: { severity: [critical, high] }\naction: { provider: cloud }\n',
  },
];

const none = { approve: false, reject: false, cancel: false, rollback: false };

const run = (id: string, more: Partial<RunDetails>): RunDetails => ({
  id,
  rule: 'clean_full_disk',
  rule_version: 3,
  alert: ALERT,
  alert_title: alert.title,
  episode_since: ago(1500),
  targets: ['web-1'],
  provider: 'ansible',
  state: 'awaiting_approval',
  state_because: 'the rule asks for an approval always',
  dry_run: false,
  proposer: 'system',
  proposed_at: ago(1490),
  updated_at: ago(1400),
  expires_at: null,
  plan: hash('a'),
  waiting_because: null,
  verified: null,
  handle: null,
  is_final: false,
  executed_at: null,
  acted_at: null,
  finished_at: null,
  open_stage: null,
  votes: [],
  events: [],
  can: none,
  output_size: 0,
  ...more,
});

export const ANSIBLE_DIFF = `TASK [remove old logs] *************************************
--- before: /etc/logrotate.d/shop
+++ after: /etc/logrotate.d/shop
@@ -1,4 +1,4 @@
 /var/log/shop/*.log {
-    rotate 60
+    rotate 7
     compress
 }
changed: [web-1]`;

const TERRAFORM_PLAN = `Terraform will perform the following actions:

  # terraform_data.node["eu-4"] will be created
  + resource "terraform_data" "node" {
      + id    = (known after apply)
      + input = "eu-4"
    }

  # terraform_data.balancer must be replaced
-/+ resource "terraform_data" "balancer" {
      ~ id    = "5f0c" -> (known after apply)
      ~ input = 3 -> 4 # forces replacement
    }

Plan: 2 to add, 0 to change, 1 to destroy.`;

const plan = (digit: string, more: Partial<Plan>): Plan => ({
  hash: hash(digit),
  action: { provider: 'ansible', template: 'playbook clean-disk.yml', base_url: null, params: { playbook: 'clean-disk.yml', limit: 'web-1', extra_vars: { keep_days: 7 } } },
  rollback: null,
  preview: { kind: 'dry_run', text: ANSIBLE_DIFF, counts: null, hosts: ['web-1'], artifacts: [{ name: 'project', sha256: hash('3') }] },
  risk: { level: 'medium', reasons: ['logs older than a week are gone for good'] },
  stages: [{ approvers: ['ana', 'ben'], count: 1 }, { approvers: [], count: 1 }],
  two_person: false,
  approval_because: 'the rule asks for it always',
  proposer: 'system',
  verify: 'metrics.used_ratio < 0.9',
  resolves_alert: true,
  rolls_back: true,
  escalates_to: 'critical',
  timeout_secs: 900,
  made_at: ago(1480),
  expires_at: ahead(12_900),
  ...more,
});

const event = (seq: number, at: string, from: RunEvent['from'], to: RunEvent['to'], what: string, detail: string, actor = 'system'): RunEvent => ({ seq, at, actor, from, to, what, detail });
const begun = [event(1, ago(1490), null, 'proposed', 'proposed', 'the alert matches the rule'), event(2, ago(1480), 'proposed', 'awaiting_approval', 'planned', 'the rule asks for an approval always')];
const approved = [...begun, event(3, ago(300), 'awaiting_approval', 'approved', 'approved', 'ana said yes', 'ana'), event(4, ago(298), 'approved', 'executing', 'told', 'the provider is told to begin')];
const yes = (actor: string, stage: number, comment = ''): Vote => ({ actor, verdict: 'approve', comment, channel: 'page', stage, at: ago(600) });

/** Everything, as the server would have it at the beginning. */
export const runs = (): RunDetails[] => [
  run(LIVE_RUN, {
    state: 'executing', state_because: 'the provider is at it', targets: ['web-3'], updated_at: ago(298), plan: hash('c'),
    plan_details: plan('c', {}), votes: [yes('ana', 0), yes('dan', 1, 'go')], events: approved, waits_for: null, can: { ...none, cancel: true }, output_size: 0,
  }),
  run(CLOUD_RUN, {
    rule: 'scale_out', provider: 'cloud', open_stage: 0, targets: ['pool-eu'], expires_at: ahead(542), plan: hash('b'),  proposer: 'dan',
    alert_title: 'Pool eu answers slowly',
    plan_details: plan('b', {
      action: { provider: 'cloud', template: 'run on workspace pool-eu', base_url: 'https://app.terraform.example', params: { workspace: 'pool-eu', variables: { nodes: 4, note: '$(rm -rf /) {{ 7 * 7 }}' } } },
      rollback: { provider: 'cloud', template: 'run on workspace pool-eu', base_url: null, params: { workspace: 'pool-eu', variables: { nodes: 3 } } },
      preview: { kind: 'plan', text: TERRAFORM_PLAN, counts: { add: 2, change: 0, destroy: 1 }, hosts: [], artifacts: [{ name: 'plan', sha256: hash('4') }] },
      risk: { level: 'high', reasons: ['costs money', 'replaces a load balancer', 'destroys 1'] },
      stages: [{ approvers: ['ana', 'ben', 'cid'], count: 2 }], two_person: true, proposer: 'dan', expires_at: ahead(542),
    }),
    votes: [yes('ana', 0, 'The traffic is real, I have looked at it.')], events: begun, waits_for: 'It waits for one more of ben and cid.', can: { approve: true, reject: true, cancel: true, rollback: false }, output_size: 0,
  }),
  run(DISK_RUN, { open_stage: 0, expires_at: ahead(12_900), plan_details: plan('a', {}), votes: [], events: begun, waits_for: 'It waits for ana or ben.', can: { approve: true, reject: true, cancel: true, rollback: false }, output_size: 0 }),
  run(FAILED_RUN, {
    state: 'failed', is_final: true, state_because: 'what was expected did not come within 10 min', targets: ['web-2'], updated_at: ago(5000), plan: hash('d'), verified: false, proposed_at: ago(9000),
    plan_details: plan('d', { rollback: plan('a', {}).action }), votes: [yes('ben', 0)],
    events: [...approved, event(5, ago(200), 'executing', 'verifying', 'done', 'the playbook ended well'), event(6, ago(100), 'verifying', 'failed', 'failed', 'metrics.used_ratio was 0.96')], waits_for: null, can: { ...none, rollback: true }, output_size: 34,
  }),
];

export const OUTPUT = 'PLAY [all]\nok: [web-2]\nchanged: 12\n';

export const providers = (): Provider[] => [
  { name: 'ansible', kind: 'ansible', healthy: true, detail: 'ansible-playbook 2.19.2, 14 hosts in the inventory', took_ms: 812, checked_at: ago(4) },
  { name: 'cloud', kind: 'terraform_cloud', healthy: false, detail: '401: the token of `token_file` is not accepted; make a new one in the settings of the organisation', took_ms: 96, checked_at: ago(4) },
];

export const safety = (): Safety => ({
  budget: { global: { runs_max: 20, window_secs: 3600 }, provider: { runs_max: 10, window_secs: 3600 }, rule: { runs_max: 5, window_secs: 3600 }, targets_max: 10, waiting_max: 200, failed_verifications_max: 3, match_percent_max: 20 },
  kill: null,
  // Whatever the hour the tests run at, it is not held.
  freezes: [{ reason: 'no changes at night', starts_at: ahead(6 * 3600), ends_at: ahead(13 * 3600), recurrence: 'daily', is_active: false }],
});

export const audit = [
  { id: 'e4', at: ago(200), actor: 'ana', action: 'automation.rule.put', subject: 'automation_rule:clean_full_disk', details: { version: 3 } },
  { id: 'e3', at: ago(300), actor: 'ana', action: 'automation.run.approved', subject: `run:${LIVE_RUN}`, details: { rule: 'clean_full_disk', rule_version: 3, alert: ALERT, targets: ['web-3'], provider: 'ansible', plan: hash('c'), seq: 3, from: 'awaiting_approval', to: 'approved', detail: 'ana said yes' } },
  { id: 'e2', at: ago(1480), actor: 'system', action: 'automation.run.planned', subject: `run:${DISK_RUN}`, details: { rule: 'clean_full_disk', targets: ['web-1'], plan: hash('a'), seq: 2, detail: 'the rule asks for an approval always' } },
];
