#!/usr/bin/env bash
# Installs the real counterparties that the tests talk to, once: logrotate, rsyslog, logger,
# Chromium, Prometheus, vmagent, Redis, PostgreSQL, ClickHouse's and Qdrant's engines, Ansible, the Python clients of OpenTelemetry, Elasticsearch,
# InfluxDB, Jira, ServiceNow, GitHub, Slack, AWX, HCP Terraform, OpenAI, Ollama and the Model Context
# Protocol, a mail server in Python (aiosmtpd), a collector of OpenTelemetry (Rotel), and the engine and client of ClickHouse.
set -euo pipefail
tools="${TOCSIN_TOOLS:-$HOME/.cache/tocsin/tools}"
mkdir -p "$tools"

packages=()
need() { command -v "$1" >/dev/null || [ -x "/usr/sbin/$1" ] || packages+=("$2"); }
need logrotate logrotate
need rsyslogd rsyslog
need logger bsdutils
need chromium chromium
need prometheus prometheus
need vmagent victoria-metrics
need openssl openssl
need redis-server redis-server
# Its programs are not in the path.
compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null || packages+=(postgresql)
# Only to check docker-compose.yml: it needs no engine for that.
need docker-compose docker-compose
if [ ${#packages[@]} -gt 0 ]; then
  if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "tests need: ${packages[*]} (install them with the system's package manager)" >&2
    exit 1
  fi
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${packages[@]}" >"$tools/apt.log" 2>&1 ||
    { tail -20 "$tools/apt.log" >&2; exit 1; }
fi

# A folder of Python packages of its own, since their dependencies are tied to versions.
python_packages() {
  local name="$1"
  shift
  [ "$(cat "$tools/$name.txt" 2>/dev/null)" = "$*" ] && return
  rm -rf "${tools:?}/$name"
  python3 -m venv "$tools/$name"
  "$tools/$name/bin/pip" install --quiet --disable-pip-version-check "$@"
  echo "$*" >"$tools/$name.txt"
}

python_packages python opentelemetry-sdk==1.45.0 opentelemetry-exporter-otlp-proto-http==1.45.0 elasticsearch==9.1.1 python-logging-loki==0.3.1 influxdb-client==1.50.0 jira==3.10.5 atlassian-python-api==5.0.5 pysnow==0.7.17 pysnc==1.2.1 PyGithub==2.10.0 aiosmtpd==1.4.6 openai==3.57.0 ollama==0.6.3 mcp==2.3.0 slack_sdk==3.48.0
TOCSIN_TOOLS="$tools" "$(dirname "$0")/ansible.sh"
# The clients of controllers.
python_packages controllers awxkit==24.6.1 pytfe==1.5.0 setuptools==80.9.0
# ClickHouse's engine (in process, behind a front of ours) and its official client.
python_packages clickhouse chdb==4.4.0 chdb-core==26.9.0 clickhouse-connect==1.12.0 lz4==4.4.5
# Qdrant's engine and its client, behind the double of its server.
python_packages qdrant qdrant-client==1.20.0 qdrant-edge-py==0.9.0 grpcio==1.85.3
# A collector of OpenTelemetry.
python_packages rotel rotel==0.0.1a15
# A server of S3.
python_packages s3 "moto[server]==5.2.3"
