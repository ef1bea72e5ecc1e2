-- What cannot come again, and what a reader stands before.

-- A record's place comes again when its topic is made anew. So a dead letter and a parked event are known by (source,
-- id) of the event, as a UUID, or by a hash of the record where that cannot be read. Null: written by the version
-- before, which runs beside this one for a while and names the old key, their place, in its statements; so that key
-- stays until the next release, and a record whose place was given to another one moves to a negative offset.
ALTER TABLE dead_letters ADD COLUMN identity uuid;
CREATE UNIQUE INDEX dead_letters_identity ON dead_letters (identity, consumer);
ALTER TABLE parked_events ADD COLUMN identity uuid;
CREATE UNIQUE INDEX parked_events_identity ON parked_events (identity, consumer);

-- Events that our code cannot go on with: the reader stands before them until a person sets them aside, or another
-- version of the code is started. Kept, so that a reader that halts there again knows what was decided.
CREATE TABLE halts (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    uid uuid NOT NULL,                -- as `identity` above
    consumer text NOT NULL,
    topic text NOT NULL,
    partition integer NOT NULL,
    "offset" bigint NOT NULL,
    source text,
    event_id text,
    type text,
    error text NOT NULL,              -- the type of the exception, never its text
    halted_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    seen_at timestamptz NOT NULL DEFAULT clock_timestamp(),  -- a reader stood there still
    set_aside_at timestamptz,
    UNIQUE (uid, consumer)
);
