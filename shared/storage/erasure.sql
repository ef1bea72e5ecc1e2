-- Who is to be forgotten, and how far that has come.

-- The erasure list: asked before anything that was read is handled or kept. `number` is drawn under a lock that is held
-- until COMMIT, so whoever has seen one has seen all below it.
CREATE TABLE erased_persons (
    person_id text PRIMARY KEY CHECK (person_id <> ''),
    number bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    erased_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- What is searched for, as long as it is: names and addresses that stand in no column of the person's own. A timer goes
-- from step to step; the row is gone when nothing is left.
CREATE TABLE erasures (
    id text PRIMARY KEY REFERENCES erased_persons (person_id),
    sought jsonb NOT NULL CHECK (jsonb_typeof(sought) = 'object'),
    step integer NOT NULL DEFAULT 0 CHECK (step >= 0),
    after jsonb CHECK (jsonb_typeof(after) = 'array')
);
