/** What a new rule begins with: off, and with an approval. */
export const NEW_RULE = `id: new_rule
name: What it does, in a few words
enabled: false
match:
  failure_type: disk_full
  min_confidence: 0.8
action:
  provider: scripts
  params:
    script: clean_tmp
    args: ["{{ alert.labels.host }}"]
targets: "{{ alert.labels.host }}"
group_by: host
cooldown: 1h
approval: { required: always, expires_after: 4h }
verify: { after: 1m, timeout: 10m, expect: "!alert.firing" }
risk: { level: medium, reasons: [what may go wrong] }
`;
