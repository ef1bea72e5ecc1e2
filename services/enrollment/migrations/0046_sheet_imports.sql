-- A sheet of enrolments that staff have had read in. Its rows are written so many at a time; of each programme one sheet
-- at most is under way.
CREATE TABLE sheet_imports (
    id text PRIMARY KEY CHECK (id <> ''),
    programme_id text NOT NULL REFERENCES programmes,
    sheet_sha256 text NOT NULL CHECK (sheet_sha256 ~ '^[0-9a-f]{64}$'),
    with_mail boolean NOT NULL,
    sheet_rows integer NOT NULL CHECK (sheet_rows > 0),
    begun_at timestamptz NOT NULL,                  -- domain time, as is what follows
    over_at timestamptz CHECK (over_at >= begun_at),
    stored_at timestamptz NOT NULL DEFAULT now(),   -- machine time, by which it is forgotten
    correlation_id text NOT NULL,
    causation_id text,
    actor text
);
CREATE UNIQUE INDEX sheet_imports_under_way ON sheet_imports (programme_id) WHERE over_at IS NULL;
CREATE INDEX sheet_imports_of_a_programme ON sheet_imports (programme_id, begun_at, id);
CREATE INDEX sheet_imports_stored ON sheet_imports (stored_at);

-- What each row asked for, which is gone once it is written; and what came of it, which names nobody.
CREATE TABLE sheet_rows (
    import_id text NOT NULL REFERENCES sheet_imports ON DELETE CASCADE,
    row_number integer NOT NULL CHECK (row_number > 1),
    organisation_code text NOT NULL,
    is_contact boolean NOT NULL,
    due text CHECK (due IN ('place', 'seats')),
    turn integer NOT NULL CHECK (turn >= 0),        -- among those for which the same is due
    asked jsonb CHECK (jsonb_typeof(asked) = 'object'),
    outcomes text NOT NULL DEFAULT '[]' CHECK (outcomes LIKE '[%]'),
    came_to text CHECK (came_to IN ('refused', 'stored', 'same')),
    PRIMARY KEY (import_id, row_number),
    CONSTRAINT asked_as_long_as_something_is_due CHECK ((due IS NULL) = (asked IS NULL)),
    CONSTRAINT came_to_something_in_the_end CHECK ((due IS NULL) = (came_to IS NOT NULL))
);
CREATE INDEX sheet_rows_due ON sheet_rows (import_id, due, turn) WHERE due IS NOT NULL;
CREATE INDEX sheet_rows_by_what_they_came_to ON sheet_rows (import_id, came_to, row_number);
CREATE INDEX sheet_rows_by_address ON sheet_rows (lower(asked ->> 'email')) WHERE asked IS NOT NULL;
