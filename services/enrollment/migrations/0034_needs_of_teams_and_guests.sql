-- What somebody on a standing team, or named by a member, needs at every meeting of theirs, on their consent: it lives no
-- longer than their place. `own` as in `needs`.
CREATE TABLE team_needs (
    enrolment_id text NOT NULL,
    person_id text NOT NULL,
    diet text[] NOT NULL,
    diet_text text NOT NULL,
    access text[] NOT NULL,
    access_text text NOT NULL,
    consent text NOT NULL CHECK (consent <> ''),
    consented_at timestamptz NOT NULL,
    keep_days integer NOT NULL CHECK (keep_days BETWEEN 1 AND 60),
    own boolean NOT NULL DEFAULT false,
    correlation_id text NOT NULL,
    causation_id text,
    actor text,
    PRIMARY KEY (enrolment_id, person_id),
    FOREIGN KEY (enrolment_id, person_id) REFERENCES team_members ON DELETE CASCADE,
    CONSTRAINT team_needs_say_something
        CHECK (cardinality(diet) + cardinality(access) > 0 OR diet_text <> '' OR access_text <> '')
);
CREATE INDEX team_needs_of_a_person ON team_needs (person_id);

-- What a guest needs at the one meeting that they are invited to, on their consent.
CREATE TABLE guest_needs (
    guest_id text PRIMARY KEY REFERENCES guests ON DELETE CASCADE,
    diet text[] NOT NULL,
    diet_text text NOT NULL,
    access text[] NOT NULL,
    access_text text NOT NULL,
    consent text NOT NULL CHECK (consent <> ''),
    consented_at timestamptz NOT NULL,
    keep_days integer NOT NULL CHECK (keep_days BETWEEN 1 AND 60),
    own boolean NOT NULL DEFAULT false,
    correlation_id text NOT NULL,
    causation_id text,
    actor text,
    CONSTRAINT guest_needs_say_something
        CHECK (cardinality(diet) + cardinality(access) > 0 OR diet_text <> '' OR access_text <> '')
);
