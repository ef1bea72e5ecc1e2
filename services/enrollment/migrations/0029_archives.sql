-- What a public organiser hands over to its archive has to be kept as it was: each version of the programme file, and what
-- was decided about each enrolment. A version before this one writes neither: what it decided is known by what comes after.

-- The text of the file as it was published; NULL = it was not kept, or staff changed the places and there was no file.
CREATE TABLE programme_versions (
    programme_id text NOT NULL REFERENCES programmes,
    version integer NOT NULL CHECK (version >= 1),
    yaml text CHECK (yaml <> ''),
    terms jsonb NOT NULL,
    published_at timestamptz NOT NULL,
    correlation_id text NOT NULL,
    causation_id text,
    actor text,
    PRIMARY KEY (programme_id, version)
);
INSERT INTO programme_versions (programme_id, version, terms, published_at, correlation_id, causation_id, actor)
SELECT id, version, terms, published_at, correlation_id, CASE WHEN state = 'open' THEN causation_id END,
    -- Of one that is cancelled, the cause is that of its end.
    CASE WHEN state = 'open' THEN actor END
FROM programmes;

-- How an enrolment stood from then on, and by whom (NULL = nobody: a day was over).
CREATE TABLE enrolment_history (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    enrolment_id text NOT NULL REFERENCES enrolments,
    stood text NOT NULL CHECK (stood IN (
        'invited', 'declined', 'received', 'waitlisted', 'enrolled', 'not_approved', 'withdrawn', 'lapsed')),
    forbehold_was text NOT NULL CHECK (forbehold_was IN ('none', 'open', 'approved', 'refused')),
    group_was text,
    decided_at timestamptz NOT NULL,
    correlation_id text NOT NULL,
    causation_id text,
    actor text
);
CREATE INDEX enrolment_history_of_one ON enrolment_history (enrolment_id, id);
INSERT INTO enrolment_history
    (enrolment_id, stood, forbehold_was, group_was, decided_at, correlation_id, causation_id, actor)
SELECT id, state, CASE WHEN forbehold_open THEN 'open' ELSE coalesce(nullif(forbehold, 'open'), 'none') END, group_id,
    coalesce(withdrawn_at, enrolled_at, received_at), correlation_id, causation_id, actor
FROM enrolments WHERE coalesce(withdrawn_at, enrolled_at, received_at) IS NOT NULL;

-- When the papers of a programme were written out for an archive: `read_at` is when the reading of them began. No personal
-- data.
CREATE TABLE programme_archives (
    programme_id text NOT NULL REFERENCES programmes,
    read_at timestamptz NOT NULL,
    sha256 text NOT NULL CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    files integer NOT NULL CHECK (files >= 1),
    archived_at timestamptz NOT NULL CHECK (archived_at >= read_at),
    correlation_id text NOT NULL,
    causation_id text,
    actor text,
    PRIMARY KEY (programme_id, read_at, sha256)
);

-- Who was erased although a programme's papers were not written out for its archive first, why, and by whom.
CREATE TABLE unarchived_erasures (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    programme_id text NOT NULL REFERENCES programmes,
    erased_ids text[] NOT NULL CHECK (cardinality(erased_ids) > 0),
    because text NOT NULL CHECK (because <> ''),
    erased_at timestamptz NOT NULL,
    correlation_id text NOT NULL,
    causation_id text,
    actor text
);
CREATE INDEX unarchived_erasures_of_somebody ON unarchived_erasures USING gin (erased_ids);
CREATE INDEX unarchived_erasures_of_a_programme ON unarchived_erasures (programme_id, id);
