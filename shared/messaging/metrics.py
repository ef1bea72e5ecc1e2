"""Figures of the messaging kernel for Prometheus; every one is labelled with the consumer or the relay's source."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

_CONSUMER = ("consumer",)
CONSUMED = Counter("tovholder_events_consumed", "Events taken in, unknown types included", _CONSUMER)
SKIPPED = Counter("tovholder_events_skipped", "Events of a type that is not in the table", _CONSUMER)
DUPLICATES = Counter("tovholder_events_duplicate", "Events that were known already", _CONSUMER)
DEAD = Counter("tovholder_events_dead", "Dead letters written", (*_CONSUMER, "reason"))
MANY_DEAD = Counter(
    "tovholder_events_many_dead", "Minutes with more dead letters of a reason than are told of", (*_CONSUMER, "reason")
)
PARKED = Counter("tovholder_events_parked", "Events that were put behind a dead letter or a gap", _CONSUMER)
REJECTED = Counter("tovholder_commands_rejected", "Commands answered by IntakeRejected", _CONSUMER)
RETRIES = Counter("tovholder_batches_retried", "Batches tried again after a transient error", _CONSUMER)
UNCOMMITTED = Counter("tovholder_offset_commits_failed", "Offset commits that failed after COMMIT; harmless", _CONSUMER)
HALTED = Gauge("tovholder_consumer_halted", "1 while the consumer stands still because of a bug", _CONSUMER)
HALTED_AT = Gauge(
    "tovholder_consumer_halted_at", "Offset of an event that it stands before", (*_CONSUMER, "topic", "partition")
)
LAG = Gauge("tovholder_consumer_lag", "Records of the assigned partitions that are not committed yet", _CONSUMER)
BATCH_SECONDS = Histogram(
    "tovholder_batch_seconds",
    "One batch from its first record to COMMIT",
    _CONSUMER,
    buckets=(0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30),
)

_SOURCE = ("source",)
SENT = Counter("tovholder_outbox_sent", "Events that Kafka acknowledged", _SOURCE)
UNSENDABLE = Counter("tovholder_outbox_dead", "Records that can never be sent; each blocks its key", _SOURCE)
REBUILT = Counter("tovholder_producers_rebuilt", "Producers thrown away after a delivery error", _SOURCE)
OUTBOX_AGE = Gauge("tovholder_outbox_age_seconds", "Age of the oldest event that waits to be sent", _SOURCE)
OUTBOX_ROWS = Gauge("tovholder_outbox_rows", "Events that wait to be sent, at most 1000 are counted", _SOURCE)
DAYS_AHEAD = Gauge("tovholder_outbox_sent_days_ahead", "Days from today on whose partition is there", _SOURCE)
