-- Programmes as `enrollment` publishes them, as far as meetings are concerned. The newest version wins.
CREATE TABLE programmes (
    id text PRIMARY KEY,
    version integer NOT NULL,
    ref jsonb NOT NULL,
    ours boolean NOT NULL,          -- false = another system tells of this programme's meetings
    cancelled boolean NOT NULL DEFAULT false,
    kinds text[] NOT NULL,
    groups text[] NOT NULL,
    correlation_id text NOT NULL,
    causation_id text,
    actor text
);

CREATE TABLE meetings (
    id text PRIMARY KEY,
    programme_id text NOT NULL REFERENCES programmes,
    key text NOT NULL,
    title text NOT NULL,
    kind text NOT NULL,
    group_id text,
    mode text NOT NULL CHECK (mode IN ('physical', 'virtual', 'hybrid')),
    roles text[] NOT NULL,
    first_day date,
    last_day date,
    starts_at timestamptz,
    ends_at timestamptz,
    place text,
    link text,
    date_version integer NOT NULL CHECK (date_version >= 0),
    state text NOT NULL CHECK (state IN ('planned', 'scheduled', 'moved', 'cancelled', 'held')),
    held_on date,
    reason text NOT NULL,
    plan jsonb,                     -- what the programme file last said of it; null = added beside the file
    correlation_id text NOT NULL,   -- of the latest change
    causation_id text,
    actor text,
    CONSTRAINT one_meeting_per_key UNIQUE (key, programme_id),
    CONSTRAINT a_last_day_not_before_the_first CHECK (
        (first_day IS NULL) = (last_day IS NULL) AND last_day >= first_day
    ),
    CONSTRAINT clock_times_on_a_day CHECK (
        (starts_at IS NULL) = (ends_at IS NULL) AND ends_at > starts_at AND (starts_at IS NULL OR first_day IS NOT NULL)
    ),
    CONSTRAINT dated_when_it_has_a_date CHECK (
        CASE state
            WHEN 'planned' THEN first_day IS NULL
            WHEN 'scheduled' THEN first_day IS NOT NULL
            WHEN 'moved' THEN first_day IS NOT NULL AND date_version > 0
            ELSE true
        END
    ),
    CONSTRAINT held_on_a_day CHECK ((state = 'held') = (held_on IS NOT NULL))
);

CREATE INDEX meetings_of_a_programme ON meetings (programme_id, first_day);
