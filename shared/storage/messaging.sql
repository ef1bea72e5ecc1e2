-- What every service's database needs to tell and to hear: outbox, inbox, positions, dead letters, parked events, timers.
-- Two clocks: occurred_at and due are domain time, every other timestamp is machine time.
-- In each composite key the selective column stands first: a generic plan that was made while the table was empty then
-- still reads few rows.

-- Telling ---------------------------------------------------------------------------------------------------------

-- Position of our own facts per subject. The sequence is drawn under this row's lock and the outbox row is inserted
-- while it is held, so per subject the order of outbox ids is the order of commits.
CREATE TABLE stream_out (
    subject text PRIMARY KEY,
    sequence bigint NOT NULL CHECK (sequence > 0)
) WITH (fillfactor = 70);

-- What is committed and not yet with Kafka. The relay sends in the order of id and then moves the row: no cursor.
CREATE TABLE outbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event_id text NOT NULL,
    source text NOT NULL,
    topic text NOT NULL,              -- without the installation's prefix
    key text NOT NULL,                -- the subject
    sequence bigint CHECK (sequence > 0),  -- null: a command passed on for somebody else
    type text NOT NULL,
    payload bytea NOT NULL CHECK (octet_length(payload) < 900000),
    correlation_id text NOT NULL,
    causation_id text,
    actor text,
    occurred_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE (event_id, source),
    UNIQUE (key, sequence, topic)
) WITH (
    -- Every row dies within a second: vacuum by count, at full speed.
    autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 0,
    autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 50000
);

-- What Kafka has acknowledged, kept at least as long as Kafka keeps it, so that a lost broker can be told again.
CREATE TABLE outbox_sent (
    id bigint NOT NULL,
    event_id text NOT NULL,
    source text NOT NULL,
    topic text NOT NULL,
    key text NOT NULL,
    sequence bigint,
    type text NOT NULL,
    payload bytea NOT NULL,
    correlation_id text NOT NULL,
    causation_id text,
    actor text,
    occurred_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    sent_at timestamptz NOT NULL
) PARTITION BY RANGE (sent_at);
CREATE INDEX outbox_sent_event_id ON outbox_sent (event_id);

-- A record that can never be sent (size, authorisation, unknown topic). It blocks its key, and nothing else.
CREATE TABLE outbox_dead (
    id bigint PRIMARY KEY,
    event_id text NOT NULL,
    source text NOT NULL,
    topic text NOT NULL,
    key text NOT NULL,
    sequence bigint,
    type text NOT NULL,
    payload bytea NOT NULL,
    correlation_id text NOT NULL,
    causation_id text,
    actor text,
    occurred_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    reason text NOT NULL,
    died_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- The runtime role has no DDL: these two functions make and drop the daily partitions for it, and can do nothing else.
CREATE FUNCTION outbox_sent_make_partitions(days_ahead integer) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    day date;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('tovholder.outbox_sent'));
    -- Yesterday too: the clock of the database may be behind by a moment at midnight.
    FOR offset_days IN -1 .. least(greatest(days_ahead, 0), 31) LOOP
        day := (clock_timestamp() AT TIME ZONE 'UTC')::date + offset_days;
        IF to_regclass('public.outbox_sent_' || to_char(day, 'YYYYMMDD')) IS NULL THEN
            EXECUTE format(
                'CREATE TABLE public.%I PARTITION OF public.outbox_sent FOR VALUES FROM (%L) TO (%L)',
                'outbox_sent_' || to_char(day, 'YYYYMMDD'),
                day::text || ' 00:00:00+00', (day + 1)::text || ' 00:00:00+00'
            );
        END IF;
    END LOOP;
END $$;

CREATE FUNCTION outbox_sent_drop_partitions(keep_days integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    partition record;
    dropped integer := 0;
BEGIN
    -- Kafka keeps 90 days: what it may still have is never dropped here, whatever is asked for.
    IF keep_days < 90 THEN
        RAISE EXCEPTION 'outbox_sent is kept for at least 90 days' USING ERRCODE = '22023';
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('tovholder.outbox_sent'));
    FOR partition IN
        SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = 'public.outbox_sent'::regclass AND c.relname ~ '^outbox_sent_[0-9]{8}$'
          AND to_date(right(c.relname, 8), 'YYYYMMDD') < (clock_timestamp() AT TIME ZONE 'UTC')::date - keep_days
    LOOP
        EXECUTE format('DROP TABLE public.%I', partition.relname);
        dropped := dropped + 1;
    END LOOP;
    RETURN dropped;
END $$;

SELECT outbox_sent_make_partitions(7);

-- Hearing ---------------------------------------------------------------------------------------------------------

-- Every event that was taken in, once per consumer. uid = uuid5 of (source, event id). The other columns are lineage:
-- `why` follows causation_id backwards through them.
CREATE TABLE inbox (
    uid uuid NOT NULL,
    consumer text NOT NULL,
    source text NOT NULL,
    event_id text NOT NULL,
    type text NOT NULL,
    subject text NOT NULL,
    sequence bigint,
    occurred_at timestamptz NOT NULL,
    correlation_id text NOT NULL,
    causation_id text,
    actor text,
    received_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (uid, consumer)
) WITH (autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 50000);
CREATE INDEX inbox_event_id ON inbox (event_id);
-- Rows lie in the order of their arrival, so a few pages per range are enough for retention.
CREATE INDEX inbox_received_at ON inbox USING brin (received_at);

-- How far each aggregate (source, subject) has been taken in. A row is bound once a fact of its owner was handled; one
-- subject has one bound source.
CREATE TABLE stream_in (
    subject text NOT NULL,
    source text NOT NULL,
    consumer text NOT NULL,
    sequence bigint,                  -- null: its source does not number its events
    bound boolean NOT NULL,
    PRIMARY KEY (subject, source, consumer)
) WITH (fillfactor = 70);
CREATE UNIQUE INDEX stream_in_one_bound_source ON stream_in (subject, consumer) WHERE bound;

-- Who may tell facts within a scope: the first owner that was seen.
CREATE TABLE owners (
    scope text PRIMARY KEY,
    owner text NOT NULL
);

-- What could not be taken in, whole. `detail` says what is wrong without repeating values: they may be personal data.
CREATE TABLE dead_letters (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    consumer text NOT NULL,
    topic text NOT NULL,
    partition integer NOT NULL,
    "offset" bigint NOT NULL,
    key bytea,
    value bytea,
    headers jsonb NOT NULL,           -- [[name, base64 or null], ...]: repeated names and any bytes
    timestamp_ms bigint NOT NULL,
    source text,
    subject text,
    sequence bigint,
    event_id text,
    type text,
    reason text NOT NULL,
    detail text NOT NULL,
    fingerprint text NOT NULL,
    received_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'retried', 'discarded')),
    settled_at timestamptz,
    CHECK ((state = 'open') = (settled_at IS NULL)),
    UNIQUE ("offset", partition, topic, consumer)
);
CREATE INDEX dead_letters_open ON dead_letters (fingerprint) WHERE state = 'open';
CREATE INDEX dead_letters_subject ON dead_letters (subject, source);

-- A key that waits. Each batch locks the rows of its keys, so parking and releasing exclude each other.
CREATE TABLE parked_keys (
    subject text NOT NULL,
    source text NOT NULL,
    consumer text NOT NULL,
    reason text NOT NULL CHECK (reason IN ('dead_letter', 'gap')),
    dead_letter_id bigint REFERENCES dead_letters (id),
    since timestamptz NOT NULL DEFAULT clock_timestamp(),
    CHECK ((reason = 'dead_letter') = (dead_letter_id IS NOT NULL)),
    PRIMARY KEY (subject, source, consumer)
);

-- Later events of such a key, whole, in the order of their arrival; they have no inbox row yet.
CREATE TABLE parked_events (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    subject text NOT NULL,
    source text NOT NULL,
    consumer text NOT NULL,
    topic text NOT NULL,
    partition integer NOT NULL,
    "offset" bigint NOT NULL,
    key bytea,
    value bytea,
    headers jsonb NOT NULL,
    timestamp_ms bigint NOT NULL,
    event_id text NOT NULL,
    type text NOT NULL,
    sequence bigint,
    parked_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE ("offset", partition, topic, consumer),
    FOREIGN KEY (subject, source, consumer) REFERENCES parked_keys (subject, source, consumer)
);
CREATE INDEX parked_events_key ON parked_events (subject, source, consumer, id);

-- Time ------------------------------------------------------------------------------------------------------------

-- What shall happen at a domain time. One row per (key, timer); arming again moves it.
CREATE TABLE timers (
    timer text NOT NULL,
    key text NOT NULL,
    due timestamptz NOT NULL,
    data jsonb NOT NULL DEFAULT '{}',
    correlation_id text NOT NULL,
    causation_id text,
    actor text,
    PRIMARY KEY (key, timer)
);
CREATE INDEX timers_due ON timers (due, timer, key);

-- Starts of the service on these data; see shared.runtime.ids.seed_ids.
CREATE TABLE starts (
    role text PRIMARY KEY,
    count bigint NOT NULL
);

REVOKE ALL ON FUNCTION outbox_sent_make_partitions(integer), outbox_sent_drop_partitions(integer) FROM PUBLIC;
