-- What operators give up, and since where a reader knows a topic.

-- An event that a person said would never be sent; what it told stands in the tables of the service. Kept for good, so
-- its data, which may name people, are not.
CREATE TABLE outbox_given_up (
    id bigint PRIMARY KEY,
    event_id text NOT NULL,
    source text NOT NULL,
    topic text NOT NULL,
    key text NOT NULL,
    sequence bigint,
    type text NOT NULL,
    correlation_id text NOT NULL,
    causation_id text,
    actor text,
    occurred_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    reason text NOT NULL,             -- of Kafka
    died_at timestamptz NOT NULL,
    given_up_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- The first record that this reader ever saw of a partition. Where that is the partition's very first one (offset 0),
-- nothing was forgotten before the reader came: every one of our own streams must then begin with sequence 1.
CREATE TABLE first_read (
    topic text NOT NULL,
    partition integer NOT NULL,
    consumer text NOT NULL,
    "offset" bigint NOT NULL CHECK ("offset" >= 0),
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (topic, partition, consumer)
);
