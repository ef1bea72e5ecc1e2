-- One text that staff write to many. As long as it is a draft nobody gets it; what it says does not change after that.
CREATE TABLE writings (
    id short_text PRIMARY KEY,
    number bigint GENERATED ALWAYS AS IDENTITY,
    programme_id short_text NOT NULL REFERENCES programmes,
    headline text NOT NULL,
    body text NOT NULL,
    audience text NOT NULL CHECK (audience IN ('contacts', 'role', 'participants', 'team')),
    audience_of short_text NOT NULL DEFAULT '',     -- the role, or the meeting
    chosen text[] CHECK (cardinality(chosen) > 0),  -- the enrolments; NULL = all that have a place
    writing_state text NOT NULL DEFAULT 'draft' CHECK (writing_state IN ('draft', 'going', 'written')),
    begun_at timestamptz NOT NULL,                  -- domain time, as is what follows
    went_at timestamptz,
    written_to integer CHECK (written_to > 0),
    unreached integer CHECK (unreached >= 0),
    kept_since timestamptz NOT NULL DEFAULT now(),  -- machine time
    forgotten boolean NOT NULL DEFAULT false,
    correlation_id text NOT NULL,
    causation_id text,
    actor text,
    CONSTRAINT it_says_something CHECK (forgotten OR (headline <> '' AND body <> '')),
    CONSTRAINT it_goes_to_somebody CHECK ((audience IN ('role', 'participants')) = (audience_of <> '')),
    CONSTRAINT it_went_at_a_time CHECK (
        (writing_state = 'draft') = (went_at IS NULL) AND (went_at IS NULL) = (written_to IS NULL)
        AND (went_at IS NULL) = (unreached IS NULL)
    )
);
CREATE INDEX writings_of_a_programme ON writings (programme_id, number);
CREATE INDEX writings_to_forget ON writings (kept_since) WHERE NOT forgotten;

-- Whose letter is still to be written. Each mailbox once; a row is gone when its letter stands in `messages`.
CREATE TABLE writing_recipients (
    writing_id short_text NOT NULL REFERENCES writings ON DELETE CASCADE,
    address_key text NOT NULL,
    recipient short_text NOT NULL,                  -- person_id, or <organisation code>/<role>
    name text NOT NULL,
    email text NOT NULL,
    organisation_name text NOT NULL,
    PRIMARY KEY (writing_id, address_key)
);
CREATE INDEX writing_recipients_by_person ON writing_recipients (recipient);
CREATE INDEX writing_recipients_by_address ON writing_recipients (address_key);

CREATE TABLE writing_files (
    writing_id short_text NOT NULL REFERENCES writings ON DELETE CASCADE,
    place integer NOT NULL CHECK (place BETWEEN 0 AND 99),
    file_name text NOT NULL CHECK (file_name ~ '^[A-Za-z0-9._-]{1,120}$'),
    media_type text NOT NULL,
    content bytea NOT NULL CHECK (octet_length(content) BETWEEN 1 AND 3000000),
    kept_since timestamptz NOT NULL DEFAULT now(),  -- machine time
    PRIMARY KEY (writing_id, place)
);
CREATE INDEX writing_files_to_forget ON writing_files (kept_since);
