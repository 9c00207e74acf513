#!/usr/bin/env bash
# Installs the real counterparties that the tests talk to, once: logrotate, rsyslog, logger,
# Chromium, Prometheus, vmagent, Ansible, the Python clients of OpenTelemetry, Elasticsearch,
# InfluxDB, Jira, ServiceNow, GitHub, Slack, AWX, HCP Terraform, OpenAI, Ollama and the Model Context
# Protocol, and a mail server in Python (aiosmtpd).
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
if [ ${#packages[@]} -gt 0 ]; then
  if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "tests need: ${packages[*]} (install them with the system's package manager)" >&2
    exit 1
  fi
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${packages[@]}" >"$tools/apt.log" 2>&1 ||
    { tail -20 "$tools/apt.log" >&2; exit 1; }
fi

wanted="opentelemetry-sdk==1.45.0 opentelemetry-exporter-otlp-proto-http==1.45.0 elasticsearch==9.1.1 python-logging-loki==0.3.1 influxdb-client==1.50.0 jira==3.10.5 atlassian-python-api==5.0.5 pysnow==0.7.17 pysnc==1.2.1 PyGithub==2.10.0 aiosmtpd==1.4.6 openai==3.57.0 ollama==0.6.3 mcp==2.3.0 slack_sdk==3.48.0"
if [ "$(cat "$tools/python.txt" 2>/dev/null)" != "$wanted" ]; then
  rm -rf "$tools/python"
  python3 -m venv "$tools/python"
  # shellcheck disable=SC2086
  "$tools/python/bin/pip" install --quiet --disable-pip-version-check $wanted
  echo "$wanted" >"$tools/python.txt"
fi

TOCSIN_TOOLS="$tools" "$(dirname "$0")/ansible.sh"

# The clients of controllers, which are tied to versions of their own too.
controllers="awxkit==24.6.1 pytfe==1.5.0 setuptools==80.9.0"
if [ "$(cat "$tools/controllers.txt" 2>/dev/null)" != "$controllers" ]; then
  rm -rf "$tools/controllers"
  python3 -m venv "$tools/controllers"
  # shellcheck disable=SC2086
  "$tools/controllers/bin/pip" install --quiet --disable-pip-version-check $controllers
  echo "$controllers" >"$tools/controllers.txt"
fi
