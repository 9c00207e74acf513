#!/usr/bin/env bash
# Measures the miner, the decoder, the bus, the stores and the whole server on grown logs, and
# prints the yardsticks of others from the same run. LINES sets the size (default 1,000,000; the
# full measurement is 10,000,000).
set -euo pipefail
cd "$(dirname "$0")/.."
lines="${LINES:-1000000}"
data="${TOCSIN_DATA:-../shared/data}"
grow="${TOCSIN_GROW:-$data/../tools/grow_logs.py}"
if [ ! -d "$data/parsing" ] || [ ! -f "$grow" ]; then
  echo "SKIPPED: no samples at $data (set TOCSIN_DATA) or no $grow (set TOCSIN_GROW)" >&2
  exit 0
fi
cache="${TOCSIN_BENCH_DIR:-$HOME/.cache/tocsin/bench}"
mkdir -p "$cache"
corpus="$cache/grown-$lines.log"
[ -f "$corpus" ] || python3 "$grow" --lines "$lines" --out "$corpus" \
  "$data"/parsing/{HDFS,BGL,OpenSSH,Linux,Zookeeper}/*_2k.log
export TOCSIN_BENCH_CORPUS="$corpus"

for bench in tocsin-templates:miner tocsin-ingest:decode tocsin-bus:bus tocsin-stores:logs tocsin-embedding:embed; do
  echo "== ${bench#*:}"
  cargo bench --locked -q -p "${bench%%:*}" --bench "${bench#*:}" -- "$corpus"
done
echo "== server, and tantivy on the same lines in turn"
cargo build --release -q --manifest-path server/harness/yardstick/Cargo.toml
cargo build --release --locked -q -p tocsin
cargo run --release --locked -q -p tocsin-harness --bin bench -- "$corpus" \
  "${CARGO_TARGET_DIR:-server/harness/yardstick/target}/release/tocsin-yardstick" "${ROUNDS:-5}"
echo "== metrics: decoders, store, detectors, queries"
for bench in tocsin-ingest:metrics tocsin-stores:metrics tocsin-anomaly:online tocsin-forest:forest tocsin-promql:range; do
  echo "== ${bench#*:} of ${bench%%:*}"
  cargo bench --locked -q -p "${bench%%:*}" --bench "${bench#*:}"
done
echo "== server, and VictoriaMetrics on the same points in turn"
command -v victoria-metrics >/dev/null ||
  echo "SKIPPED: VictoriaMetrics is not installed (package victoria-metrics); only Tocsin is measured" >&2
cargo run --release --locked -q -p tocsin-harness --bin bench_metrics -- \
  "${CARGO_TARGET_DIR:-target}/release/tocsin" "${ROUNDS:-5}"
echo "== alerts: from a followed file to a client and to Jira, live clients, a storm with kills"
release="${CARGO_TARGET_DIR:-target}/release"
cargo run --release --locked -q -p tocsin-harness --bin bench_alerts -- "$release/tocsin" "${EVENTS:-10000}"
cargo run --release --locked -q -p tocsin-harness --bin bench_clients -- "$release/tocsin" "${CLIENTS:-10000}"
cargo run --release --locked -q -p tocsin-harness --bin bench_storm -- "${STORM_LINES:-1000000}" 200 "${KILLS:-50}"
echo "== one process over embedded engines, then 1, 2 and 4 workers over shared ones, in turn"
cargo run --release --locked -q -p tocsin-harness --bin bench_cluster -- "$corpus" "${ROUNDS:-3}"
echo "== automation: from an alert to the proposal"
cargo run --release --locked -q -p tocsin-harness --bin bench_automation -- "${PROPOSALS:-2000}"
echo "== backup: full, incremental, restored until a search answers; embedded, and over shared engines"
cargo run --release --locked -q -p tocsin-harness --bin bench_backup -- "${BACKUP_LINES:-1000000}"
cargo run --release --locked -q -p tocsin-harness --bin bench_backup -- "${BACKUP_SHARED_LINES:-200000}" shared
