-- The standing team of an enrolment; the row is the lock, numbers are drawn from it, and it never counts more than agreed
-- (NULL = as many as they like).
CREATE TABLE teams (
    enrolment_id text PRIMARY KEY REFERENCES enrolments,
    size integer NOT NULL DEFAULT 0 CHECK (size >= 0),
    most integer,
    next_number integer NOT NULL DEFAULT 1,
    CONSTRAINT never_more_than_agreed CHECK (most IS NULL OR size <= most)
);
CREATE TABLE team_members (
    enrolment_id text NOT NULL REFERENCES teams,
    person_id text NOT NULL REFERENCES people,
    number integer NOT NULL CHECK (number >= 1),
    named_at timestamptz NOT NULL,
    written_name text,
    written_email text,
    correlation_id text NOT NULL,
    causation_id text,
    actor text,
    PRIMARY KEY (enrolment_id, person_id),
    UNIQUE (enrolment_id, number),
    CHECK (num_nulls(written_name, written_email) <> 1)
);
CREATE INDEX team_members_by_person ON team_members (person_id);

ALTER TABLE seats
    ADD COLUMN walked_in boolean NOT NULL DEFAULT false,
    -- Extra whatever becomes free before it: somebody left when that was no longer free.
    ADD COLUMN stays_extra boolean NOT NULL DEFAULT false;

-- Who came and went, on a roster (by its id) or a team (by its enrolment's): a count is explained by it. A version before
-- this one writes none, so that a seat may be there that no move tells of.
CREATE TABLE seat_moves (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    list_id text NOT NULL CHECK (list_id <> ''),
    move text NOT NULL CHECK (move IN ('came', 'took_over', 'left')),
    seat_number integer NOT NULL CHECK (seat_number >= 1),
    person_id text NOT NULL REFERENCES people,
    written_name text,
    moved_at timestamptz NOT NULL,
    still_billed boolean NOT NULL DEFAULT false CHECK (move = 'left' OR NOT still_billed),
    actor text
);
CREATE INDEX seat_moves_of_a_list ON seat_moves (list_id, id);
CREATE INDEX seat_moves_by_person ON seat_moves (person_id);
