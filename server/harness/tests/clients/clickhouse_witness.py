"""The official client (clickhouse-connect) makes a round trip: usage: clickhouse_witness.py PORT."""

import sys

import clickhouse_connect

client = clickhouse_connect.get_client(host="127.0.0.1", port=int(sys.argv[1]))
client.command("CREATE DATABASE IF NOT EXISTS witness")
client.command(
    "CREATE TABLE witness.lines (id UInt64, body String, words Array(LowCardinality(String)))"
    " ENGINE = MergeTree ORDER BY id"
)
rows = [[1, "it's a \\ line\n\twith é", ["a", "b"]], [2, "", []]]
client.insert("witness.lines", rows, column_names=["id", "body", "words"])
read = client.query("SELECT id, body, words FROM witness.lines ORDER BY id").result_rows
assert [list(row) for row in read] == rows, read
bound = client.query(
    "SELECT id FROM witness.lines WHERE body = {body:String}",
    parameters={"body": rows[0][1]},
    settings={"max_threads": 1},
).result_rows
assert bound == [(1,)], bound
try:
    client.query("SELECT nothing FROM nowhere")
    raise SystemExit("an error was expected")
except clickhouse_connect.driver.exceptions.DatabaseError as error:
    assert "60" in str(error) or "UNKNOWN_TABLE" in str(error), error
print("ok", client.server_version)
