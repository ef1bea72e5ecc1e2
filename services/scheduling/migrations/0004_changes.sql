-- Every date and state that a meeting has had, for whoever reads of it later. A version before this one writes none: what
-- it changed is known by what comes after.
CREATE TABLE meeting_changes (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    meeting_id text NOT NULL REFERENCES meetings,
    state text NOT NULL CHECK (state IN ('planned', 'scheduled', 'moved', 'cancelled', 'held')),
    first_day date,
    last_day date,
    starts_at timestamptz,
    ends_at timestamptz,
    place text,
    reason text NOT NULL,
    changed_at timestamptz NOT NULL,
    correlation_id text NOT NULL,
    causation_id text,
    actor text
);
CREATE INDEX meeting_changes_of_one ON meeting_changes (meeting_id, id);
