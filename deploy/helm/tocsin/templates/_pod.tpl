{{/* The pod of a role. Takes a dict: root, role ("api" or "worker"), values (those of the role). */}}
{{- define "tocsin.pod" -}}
{{- $root := .root -}}
{{- $values := $root.Values -}}
metadata:
  labels:
    {{- include "tocsin.labels" $root | nindent 4 }}
    app.kubernetes.io/component: {{ .role }}
    {{- with $values.podLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  annotations:
    checksum/config: {{ $values.config | sha256sum }}
    {{- with $values.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  serviceAccountName: {{ include "tocsin.serviceAccount" $root }}
  automountServiceAccountToken: false
  terminationGracePeriodSeconds: {{ $values.terminationGracePeriodSeconds }}
  {{- with $values.imagePullSecrets }}
  imagePullSecrets:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  securityContext:
    runAsNonRoot: true
    runAsUser: 65532
    runAsGroup: 65532
    fsGroup: 65532
    seccompProfile: {type: RuntimeDefault}
  containers:
    - name: tocsin
      image: {{ printf "%s:%s" $values.image.repository (default $root.Chart.AppVersion $values.image.tag) | quote }}
      imagePullPolicy: {{ $values.image.pullPolicy }}
      args: [serve, --config, /etc/tocsin/tocsin.toml, --role, {{ .role }}]
      securityContext:
        allowPrivilegeEscalation: false
        readOnlyRootFilesystem: true
        capabilities: {drop: [ALL]}
      ports:
        - {name: http, containerPort: 8080}
      env:
        - name: POD_IP
          valueFrom: {fieldRef: {fieldPath: status.podIP}}
        - {name: TOCSIN_SERVER__LISTEN, value: "0.0.0.0:8080"}
        - {name: TOCSIN_SERVER__OPEN_TO_NETWORK, value: "true"}
        - {name: TOCSIN_SERVER__DATA_DIR, value: /var/lib/tocsin}
        - {name: TOCSIN_SERVER__SHUTDOWN_GRACE_SECS, value: {{ sub $values.terminationGracePeriodSeconds 10 | quote }}}
        - {name: TOCSIN_INGEST__HOST__ENABLED, value: "false"}
        {{- /* Prometheus asks a pod by its address. */}}
        - name: TOCSIN_API__ALLOWED_HOSTS
          value: {{ concat (list "$(POD_IP)") (include "tocsin.hosts" $root | fromJsonArray) | toJson | quote }}
        {{- if $values.api.userHeader }}
        - {name: TOCSIN_SERVER__USER_HEADER, value: {{ $values.api.userHeader | quote }}}
        - {name: TOCSIN_SERVER__TRUSTED_PROXIES, value: {{ $values.api.trustedProxies | toJson | quote }}}
        {{- end }}
        - {name: TOCSIN_RELATIONAL__URL_FILE, value: /run/secrets/tocsin/database-url}
        - {name: TOCSIN_BUS__PARTITIONS, value: {{ $values.engines.redis.partitions | quote }}}
        - {name: REDIS_URL_FILE, value: /run/secrets/tocsin/redis-url}
        - {name: CLICKHOUSE_URL_FILE, value: /run/secrets/tocsin/clickhouse-url}
        - {name: INFLUXDB_URL, value: {{ $values.engines.influxdb.url | quote }}}
        - {name: INFLUXDB_ORG, value: {{ $values.engines.influxdb.org | quote }}}
        - {name: INFLUXDB_TOKEN_FILE, value: /run/secrets/tocsin/influxdb-token}
        - {name: QDRANT_URL, value: {{ $values.engines.qdrant.url | quote }}}
        {{- if $values.secretKeys.qdrantApiKey }}
        - {name: QDRANT_API_KEY_FILE, value: /run/secrets/tocsin/qdrant-api-key}
        - {name: TOCSIN_VECTORS__QDRANT__ALLOW_KEY_OVER_HTTP, value: {{ $values.engines.qdrant.allowKeyOverHttp | quote }}}
        {{- end }}
        {{- if $values.otlpEndpoint }}
        - {name: OTEL_EXPORTER_OTLP_ENDPOINT, value: {{ $values.otlpEndpoint | quote }}}
        - {name: OTEL_SERVICE_NAME, value: {{ printf "tocsin-%s" .role | quote }}}
        {{- end }}
        {{- with $values.extraEnv }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      {{- /* The host is named, as a server without a login answers only to its own names. */}}
      startupProbe:
        httpGet:
          path: /health/live
          port: http
          httpHeaders: [{name: Host, value: localhost}]
        periodSeconds: 2
        failureThreshold: 60
      livenessProbe:
        httpGet:
          path: /health/live
          port: http
          httpHeaders: [{name: Host, value: localhost}]
        periodSeconds: 10
        timeoutSeconds: 5
        failureThreshold: 6
      readinessProbe:
        httpGet:
          path: {{ if eq .role "api" }}/health/live{{ else }}/health/ready{{ end }}
          port: http
          httpHeaders: [{name: Host, value: localhost}]
        periodSeconds: 5
        timeoutSeconds: 5
      resources:
        {{- toYaml .values.resources | nindent 8 }}
      volumeMounts:
        - {name: config, mountPath: /etc/tocsin, readOnly: true}
        - {name: secrets, mountPath: /run/secrets/tocsin, readOnly: true}
        - {name: spool, mountPath: /var/lib/tocsin}
        - {name: tmp, mountPath: /tmp}
  volumes:
    - name: config
      configMap: {name: {{ include "tocsin.fullname" $root }}}
    - name: secrets
      secret:
        secretName: {{ include "tocsin.secret" $root }}
        items:
          - {key: {{ $values.secretKeys.databaseUrl }}, path: database-url}
          - {key: {{ $values.secretKeys.redisUrl }}, path: redis-url}
          - {key: {{ $values.secretKeys.clickhouseUrl }}, path: clickhouse-url}
          - {key: {{ $values.secretKeys.influxdbToken }}, path: influxdb-token}
          {{- if $values.secretKeys.qdrantApiKey }}
          - {key: {{ $values.secretKeys.qdrantApiKey }}, path: qdrant-api-key}
          {{- end }}
    - name: spool
      emptyDir: {sizeLimit: {{ .values.spoolSize }}}
    - name: tmp
      emptyDir: {sizeLimit: 256Mi}
  topologySpreadConstraints:
    {{- range $values.topologySpread }}
    - topologyKey: {{ .topologyKey }}
      maxSkew: {{ .maxSkew }}
      whenUnsatisfiable: {{ .whenUnsatisfiable }}
      labelSelector:
        matchLabels:
          {{- include "tocsin.selector" $root | nindent 10 }}
          app.kubernetes.io/component: {{ $.role }}
    {{- end }}
  {{- with $values.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $values.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $values.affinity }}
  affinity:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end -}}

{{/* Names by which the API is addressed, as JSON. */}}
{{- define "tocsin.hosts" -}}
{{- $name := include "tocsin.fullname" . -}}
{{- $hosts := list $name (printf "%s.%s" $name .Release.Namespace) (printf "%s.%s.svc" $name .Release.Namespace) (printf "%s.%s.svc.cluster.local" $name .Release.Namespace) -}}
{{- if .Values.ingress.enabled -}}
{{- $hosts = append $hosts .Values.ingress.host -}}
{{- end -}}
{{- concat $hosts .Values.api.allowedHosts | uniq | toJson -}}
{{- end -}}
