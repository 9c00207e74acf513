import type { Stats } from '@/api-client/types';
import { BASE, ORIGIN } from '@/lib/base';

export interface Address {
  /** Where HTTP arrives, as this browser reaches it. */
  origin: string;
  host: string;
  port: string;
  tls: boolean;
  /** The path in front of every route, without a slash at its end. */
  prefix: string;
  syslogUdp: string | null;
  syslogTcp: string | null;
}

export interface Way {
  id: string;
  label: string;
  steps: { say: string; code: string }[];
}

/** What senders need to know, from how the page was reached and what the server listens on. */
export function addressOf(listen: Stats['listen'] | undefined): Address {
  const url = new URL(ORIGIN);
  return {
    origin: ORIGIN,
    host: url.hostname,
    port: url.port || (url.protocol === 'https:' ? '443' : '80'),
    tls: url.protocol === 'https:',
    prefix: BASE.replace(/\/$/, ''),
    syslogUdp: portOf(listen?.syslog_udp),
    syslogTcp: portOf(listen?.syslog_tcp),
  };
}

const portOf = (address: string | null | undefined) => address?.split(':').at(-1) ?? null;

/** A way for each kind of sender. */
export function waysOf(at: Address): Way[] {
  return [files(at), syslog(at), curl(at), otlp(at), loki(at), fluentBit(at), elasticsearch(at), splunk(at)];
}

const files = ({ origin }: Address): Way => ({
  id: 'files',
  label: 'Files',
  steps: [
    { say: 'Read files once, compressed ones too:', code: 'tocsin ingest /var/log/syslog /var/log/nginx/*.log.gz' },
    { say: 'Or whatever another program writes:', code: 'journalctl -f -o short-iso | tocsin ingest -' },
    { say: 'Or without the program, from any machine:', code: `curl -sS --data-binary @app.ndjson -H 'Content-Type: application/x-ndjson' '${origin}/api/v1/logs?source=app'` },
  ],
});

const syslog = ({ host, syslogUdp, syslogTcp }: Address): Way => {
  if (!syslogUdp && !syslogTcp)
    return {
      id: 'syslog',
      label: 'Syslog',
      steps: [{ say: 'Syslog is switched off. Give it an address in tocsin.toml and restart:', code: '[ingest.syslog]\nudp = "127.0.0.1:5514"\ntcp = "127.0.0.1:5514"' }],
    };
  const test = syslogUdp ? `logger -n ${host} -P ${syslogUdp} -d "hello from $(hostname)"` : `logger -n ${host} -P ${syslogTcp} -T "hello from $(hostname)"`;
  const forward = syslogTcp ? `*.* @@${host}:${syslogTcp}` : `*.* @${host}:${syslogUdp}`;
  return {
    id: 'syslog',
    label: 'Syslog',
    steps: [
      { say: 'Send one line:', code: test },
      { say: 'Forward everything with rsyslog, in /etc/rsyslog.d/90-tocsin.conf:', code: forward },
    ],
  };
};

const curl = ({ origin }: Address): Way => ({
  id: 'curl',
  label: 'curl',
  steps: [
    {
      say: 'NDJSON: one object or plain string a line. Fields that are not known become attributes.',
      code: `curl -sS '${origin}/api/v1/logs' -H 'Content-Type: application/x-ndjson' --data-binary @- <<'END'
{"message": "payment declined", "level": "warn", "source": "shop", "order": 4711}
{"message": "gateway timed out after 30 s", "level": "error", "source": "shop"}
END`,
    },
  ],
});

const otlp = ({ origin }: Address): Way => ({
  id: 'otlp',
  label: 'OpenTelemetry',
  steps: [
    { say: 'Any OpenTelemetry SDK, by its environment:', code: `export OTEL_LOGS_EXPORTER=otlp\nexport OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf\nexport OTEL_EXPORTER_OTLP_ENDPOINT=${origin}` },
    { say: 'The Collector:', code: `exporters:\n  otlphttp/tocsin:\n    endpoint: ${origin}\nservice:\n  pipelines:\n    logs:\n      exporters: [otlphttp/tocsin]` },
  ],
});

const loki = ({ origin }: Address): Way => ({
  id: 'loki',
  label: 'Loki',
  steps: [
    { say: 'Grafana Alloy:', code: `loki.write "tocsin" {\n  endpoint {\n    url = "${origin}/loki/api/v1/push"\n  }\n}` },
    { say: 'Promtail:', code: `clients:\n  - url: ${origin}/loki/api/v1/push` },
  ],
});

const fluentBit = ({ host, port, tls, prefix }: Address): Way => ({
  id: 'fluent-bit',
  label: 'Fluent Bit',
  steps: [
    {
      say: 'In fluent-bit.conf:',
      code: `[OUTPUT]\n    Name             http\n    Match            *\n    Host             ${host}\n    Port             ${port}\n    URI              ${prefix}/api/v1/logs\n    Format           json_lines\n    Json_date_key    timestamp\n    Json_date_format iso8601\n    tls              ${tls ? 'on' : 'off'}`,
    },
    {
      say: 'Or through its Loki output, which keeps labels:',
      code: `[OUTPUT]\n    Name   loki\n    Match  *\n    Host   ${host}\n    Port   ${port}\n    Uri    ${prefix}/loki/api/v1/push\n    Labels job=fluent-bit\n    tls    ${tls ? 'on' : 'off'}`,
    },
  ],
});

const elasticsearch = ({ origin }: Address): Way => ({
  id: 'elasticsearch',
  label: 'Elasticsearch',
  steps: [
    { say: 'Filebeat or Logstash: give this server as the Elasticsearch host.', code: `output.elasticsearch:\n  hosts: ["${origin}"]` },
    { say: 'Try it by hand:', code: `curl -sS '${origin}/_bulk' -H 'Content-Type: application/x-ndjson' --data-binary $'{"create":{"_index":"app"}}\\n{"message":"hello"}\\n'` },
  ],
});

const splunk = ({ origin }: Address): Way => ({
  id: 'splunk',
  label: 'Splunk HEC',
  steps: [{ say: 'Point a HEC sender here; any token will do.', code: `curl -sS '${origin}/services/collector/event' -H 'Authorization: Splunk any' -d '{"event": "hello", "source": "app"}'` }],
});
