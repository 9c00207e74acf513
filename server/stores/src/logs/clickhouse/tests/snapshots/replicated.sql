CREATE TABLE IF NOT EXISTS `logs_local` ON CLUSTER `prod` (
    `id` UInt128 CODEC(ZSTD(1)),
    `timestamp` Int64 CODEC(Delta(8), ZSTD(1)),
    `observed` Int64 CODEC(Delta(8), ZSTD(1)),
    `source` LowCardinality(String) CODEC(ZSTD(1)),
    `host` LowCardinality(String) CODEC(ZSTD(1)),
    `severity` UInt8 CODEC(ZSTD(1)),
    `issues` UInt8 CODEC(ZSTD(1)),
    `body` String CODEC(ZSTD(3)),
    `template` UInt64 CODEC(ZSTD(1)),
    `variable_starts` Array(UInt32) CODEC(ZSTD(1)),
    `variable_lengths` Array(UInt32) CODEC(ZSTD(1)),
    `variable_keys` Array(LowCardinality(String)) CODEC(ZSTD(1)),
    `variable_types` Array(UInt8) CODEC(ZSTD(1)),
    `attribute_keys` Array(LowCardinality(String)) CODEC(ZSTD(1)),
    `attribute_types` Array(UInt8) CODEC(ZSTD(1)),
    `attribute_values` Array(String) CODEC(ZSTD(1)),
    `trace_id` String CODEC(ZSTD(1)),
    `span_id` String CODEC(ZSTD(1)),
    `bus_partition` UInt16 CODEC(Delta, ZSTD(1)),
    `bus_offset` UInt64 CODEC(Delta, ZSTD(1)),
    `writer` UInt64 CODEC(Delta, ZSTD(1)),
    `bytes` UInt32 MATERIALIZED length(body) CODEC(T64, ZSTD(1)),
    `variables` Array(String) ALIAS arrayMap((s, n) -> substring(body, s, n), variable_starts, variable_lengths),
    `time` DateTime64(9, 'UTC') ALIAS fromUnixTimestamp64Nano(timestamp, 'UTC'),
    INDEX words lower(body) TYPE tokenbf_v1(32768, 3, 0) GRANULARITY 1,
    INDEX ids id TYPE minmax GRANULARITY 1,
    INDEX templates template TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX sources source TYPE set(256) GRANULARITY 1,
    INDEX traces trace_id TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX offsets (bus_partition, bus_offset) TYPE minmax GRANULARITY 1
) ENGINE = ReplicatedMergeTree('/clickhouse/tables/{shard}/{database}/logs', '{replica}')
PARTITION BY intDiv(observed, 86400000000000)
ORDER BY (timestamp, id)
TTL toDateTime(intDiv(observed, 1000000000)) + INTERVAL 30 DAY DELETE
SETTINGS replicated_deduplication_window = 1000, ttl_only_drop_parts = 1;

CREATE TABLE IF NOT EXISTS `positions_local` ON CLUSTER `prod` (
    `bus_partition` UInt16,
    `writer` SimpleAggregateFunction(max, UInt64),
    `bus_offset` SimpleAggregateFunction(max, UInt64)
) ENGINE = ReplicatedAggregatingMergeTree('/clickhouse/tables/{shard}/{database}/positions', '{replica}')
ORDER BY bus_partition;

CREATE TABLE IF NOT EXISTS `logs` ON CLUSTER `prod` AS `logs_local` ENGINE = Distributed(`prod`, currentDatabase(), `logs_local`, bus_partition);

CREATE TABLE IF NOT EXISTS `positions` ON CLUSTER `prod` AS `positions_local` ENGINE = Distributed(`prod`, currentDatabase(), `positions_local`, bus_partition);

ALTER TABLE `logs_local` ON CLUSTER `prod` MODIFY TTL toDateTime(intDiv(observed, 1000000000)) + INTERVAL 30 DAY DELETE;
