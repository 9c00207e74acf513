#!/bin/sh
# Makes the secrets of docker-compose.yml in deploy/secrets, each a file. What is there stays.
set -eu
cd "$(dirname "$0")"
umask 077
mkdir -p secrets
# The folder keeps others of this machine out; the containers' users must read the files.
keep() {
    [ -s "secrets/$1" ] || printf '%s' "$2" >"secrets/$1"
    chmod 0444 "secrets/$1"
}
random() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }

for name in postgres_password redis_password clickhouse_password influxdb_password \
    influxdb_token qdrant_api_key grafana_password; do
    keep "$name" "$(random)"
done
keep database_url "postgres://tocsin:$(cat secrets/postgres_password)@postgres:5432/tocsin?sslmode=disable"
keep redis_url "redis://:$(cat secrets/redis_password)@redis:6379/0"
keep clickhouse_url "http://tocsin:$(cat secrets/clickhouse_password)@clickhouse:8123/tocsin"
echo "the secrets are in $(pwd)/secrets"
