-- Who held which role of an enrolment, from when until when; of a round, which is the `number` of the place or the position
-- that it was held in. Written from the first change on: until then the enrolment's contact has held the main role since
-- it was received.
CREATE TABLE contact_history (
    enrolment_id text NOT NULL REFERENCES enrolments,
    role_id text NOT NULL CHECK (role_id <> ''),
    turn integer NOT NULL CHECK (turn >= 1),
    round integer NOT NULL,
    holder jsonb NOT NULL CHECK (coalesce(holder ->> 'person_id', '') <> ''),
    held_from timestamptz NOT NULL,
    held_until timestamptz CHECK (held_until >= held_from),
    -- Why it came to the holder; empty = nobody said.
    because text NOT NULL DEFAULT '',
    correlation_id text NOT NULL,
    causation_id text,
    actor text,
    PRIMARY KEY (enrolment_id, role_id, turn)
);
-- Nobody holds a role beside somebody else.
CREATE UNIQUE INDEX contact_history_one_holder ON contact_history (enrolment_id, role_id) WHERE held_until IS NULL;

-- Why, and by whom, it was let in after the deadline; and what it owes if it leaves, as agreed with its place. Both hold for
-- the round of the `number` in them: a version before this one leaves them as they were. NULL = in time; nothing was agreed.
ALTER TABLE enrolments
    ADD COLUMN late jsonb CHECK (late IS NULL OR (late ->> 'number' IS NOT NULL
        AND coalesce(late ->> 'reason', '') <> '' AND coalesce(late ->> 'by', '') <> '')),
    ADD COLUMN leaving jsonb CHECK (leaving IS NULL OR (leaving ->> 'number' IS NOT NULL
        AND coalesce(leaving #>> '{term,owes}', '') IN ('nothing', 'billed', 'all')));
