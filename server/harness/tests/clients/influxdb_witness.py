"""Holds the double of InfluxDB, and what Tocsin wrote to it, against the official client `influxdb-client`.

    influxdb_witness.py URL TOKEN ID START_MS
"""

import sys
from datetime import datetime, timedelta, timezone

from influxdb_client import BucketRetentionRules, InfluxDBClient, Point, WritePrecision
from influxdb_client.client.write_api import SYNCHRONOUS
from influxdb_client.rest import ApiException

url, token, series, start_ms = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
start = datetime.fromtimestamp(start_ms / 1000, timezone.utc)


def refused(status, call):
    try:
        call()
    except ApiException as error:
        assert error.status == status, (status, error)
    else:
        raise SystemExit(f"expected {status}")


with InfluxDBClient(url=url, token=token, org="tocsin") as client:
    assert client.ping() and client.health().status == "pass"
    buckets = client.buckets_api()
    names = {bucket.name: bucket for bucket in buckets.find_buckets().buckets}
    assert {"tocsin_raw", "tocsin_5m", "tocsin_1h", "tocsin_state"} <= set(names), names
    assert names["tocsin_raw"].retention_rules[0].every_seconds == 37 * 86_400
    assert {task.name for task in client.tasks_api().find_tasks()} == {"tocsin_5m", "tocsin_1h"}

    # What Tocsin wrote.
    query = client.query_api()
    flux = f'from(bucket: "tocsin_raw") |> range(start: {start.strftime("%Y-%m-%dT%H:%M:%SZ")}) |> filter(fn: (r) => r.tocsin_id == "{series}")'
    tables = query.query(flux)
    rows = {(record.get_time(), record.get_field()): record for table in tables for record in table.records}
    first = rows[(start, "value")]
    assert first.get_value() == 0.5 and first.get_measurement() == "cpu", first
    assert first["host"] == "a b" and first["path"] == "C:\\x,y=z", first.values
    second = start + timedelta(milliseconds=1)
    assert rows[(second, "bits")].get_value() == 0x7FF0000000000000, rows
    lines = [line for line in query.query_raw(flux + ' |> keep(columns: ["_time", "_value"])').read().decode().splitlines() if line]
    assert len([line for line in lines if not line.startswith("#")]) == 3 + 2, lines

    # A bucket of its own: made, written, read, deleted from, and full of errors.
    made = buckets.create_bucket(bucket_name="witness", retention_rules=BucketRetentionRules(type="expire", every_seconds=3600 * 24 * 400))
    refused(422, lambda: buckets.create_bucket(bucket_name="witness"))
    made.retention_rules[0].every_seconds = 3600 * 24 * 500
    assert buckets.update_bucket(made).retention_rules[0].every_seconds == 3600 * 24 * 500
    write = client.write_api(write_options=SYNCHRONOUS)
    points = [
        Point("m").tag("host", "a,b =c").field("value", 0.25).field("count", 3).field("text", 'say "x"\\').field("ok", True).time(start, WritePrecision.MS),
        Point("m").tag("host", "d").field("value", -1e-300).time(start, WritePrecision.MS),
    ]
    write.write("witness", record=points)
    ranged = f'from(bucket: "witness") |> range(start: {start.strftime("%Y-%m-%dT%H:%M:%SZ")}, stop: 2200-01-01T00:00:00Z)'
    values = {(record["host"], record.get_field()): record.get_value() for table in query.query(ranged) for record in table.records}
    expected = {("a,b =c", "value"): 0.25, ("a,b =c", "count"): 3, ("a,b =c", "text"): 'say "x"\\', ("a,b =c", "ok"): True, ("d", "value"): -1e-300}
    assert values == expected, values
    write.write("witness", record=[Point("m").tag("host", "d").field("value", float(at)).time(start + timedelta(minutes=at), WritePrecision.MS) for at in range(20)])
    only = ranged + ' |> filter(fn: (r) => r["host"] == "d" and r._field == "value")'
    for function, expect in (("min", 0.0), ("max", 19.0), ("sum", 190.0), ("count", 20), ("first", 0.0), ("last", 19.0), ("mean", 9.5)):
        found = [record.get_value() for table in query.query(f"{only} |> {function}()") for record in table.records]
        assert found == [expect], (function, found)
    windows = [(record.get_time() - start, record.get_value()) for table in query.query(f"{only} |> aggregateWindow(every: 5m, fn: sum, createEmpty: false)") for record in table.records]
    assert windows == [(timedelta(minutes=5 * (at + 1)), 10.0 + 25 * at) for at in range(4)], windows
    wide = query.query(ranged + ' |> filter(fn: (r) => r._field == "value" or r._field == "count") |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value") |> sort(columns: ["_time"]) |> limit(n: 1)')
    assert {(record["value"], record.values.get("count")) for table in wide for record in table.records} == {(0.25, 3), (0.0, None)}, wide
    client.delete_api().delete(start, start + timedelta(days=9), 'host="d"', bucket="witness")
    left = {record["host"] for table in query.query(ranged) for record in table.records}
    assert left == {"a,b =c"}, left
    refused(400, lambda: write.write("witness", record="m value=x"))
    refused(422, lambda: write.write("witness", record="m,host=x value=\"text\""))
    refused(422, lambda: write.write("witness", record="m value=1 1"))
    refused(404, lambda: write.write("nowhere", record="m value=1"))
    refused(400, lambda: query.query("from(bucket: \"witness\") |> range(start: -1h) |> derivative()"))
    refused(404, lambda: query.query("from(bucket: \"nowhere\") |> range(start: -1h)"))

with InfluxDBClient(url=url, token="wrong", org="tocsin") as client:
    refused(401, lambda: client.query_api().query('from(bucket: "witness") |> range(start: -1h)'))
    refused(401, lambda: client.write_api(write_options=SYNCHRONOUS).write("witness", record="m value=1"))
