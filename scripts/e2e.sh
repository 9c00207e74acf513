#!/usr/bin/env bash
# Runs the browser tests against a real server with a folder of its own; stops the server after.
set -euo pipefail
cd "$(dirname "$0")/.."
folder="$(mktemp -d)"
binary="${CARGO_TARGET_DIR:-target}/debug/tocsin"

# Where actions go: a port that was free a moment ago, on which the test of automation listens.
hook="$(node -e 'const s = require("net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close(); })')"
cat >"$folder/tocsin.toml" <<END
[automation.providers.hooks]
kind = "webhook"
url = "http://127.0.0.1:$hook/"
secret = "known-to-the-test"
END

TOCSIN_SERVER__LISTEN=127.0.0.1:0 TOCSIN_SERVER__DATA_DIR="$folder/data" \
  TOCSIN_INGEST__HOST__ENABLED=false "$binary" serve --config "$folder/tocsin.toml" 2>"$folder/server.log" &
server=$!
trap 'kill "$server" 2>/dev/null; wait "$server" 2>/dev/null; rm -rf "$folder"' EXIT

for _ in $(seq 600); do
  [ -f "$folder/data/listening.json" ] && break
  kill -0 "$server" 2>/dev/null || { cat "$folder/server.log" >&2; exit 1; }
  sleep 0.1
done
address="$(sed -n 's/.*"http":"\([^"]*\)".*/\1/p' "$folder/data/listening.json")"
cd frontend
E2E_HOOK_PORT="$hook" TOCSIN_URL="http://$address" npm run --silent e2e
