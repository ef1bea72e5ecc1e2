-- What a participant needs at one meeting, on their consent: it lives no longer than the seat, and is told to nobody.
CREATE TABLE needs (
    roster_id text NOT NULL,
    person_id text NOT NULL,
    diet text[] NOT NULL,
    diet_text text NOT NULL,
    access text[] NOT NULL,
    access_text text NOT NULL,
    -- The sentence that was agreed to, when, and by whom (actor).
    consent text NOT NULL CHECK (consent <> ''),
    consented_at timestamptz NOT NULL,
    keep_days integer NOT NULL CHECK (keep_days BETWEEN 1 AND 60),
    correlation_id text NOT NULL,
    causation_id text,
    actor text,
    PRIMARY KEY (roster_id, person_id),
    FOREIGN KEY (roster_id, person_id) REFERENCES seats ON DELETE CASCADE,
    CONSTRAINT needs_say_something
        CHECK (cardinality(diet) + cardinality(access) > 0 OR diet_text <> '' OR access_text <> '')
);
CREATE INDEX needs_of_a_person ON needs (person_id);

-- What stays of a meeting's needs once they are forgotten: how many, of what; nobody, and no text.
CREATE TABLE needs_counts (
    meeting_id text NOT NULL REFERENCES meetings,
    part text NOT NULL CHECK (part IN ('people', 'diet', 'access')),
    choice text NOT NULL,
    title text NOT NULL,
    number_of integer NOT NULL CHECK (number_of >= 0),
    place integer NOT NULL,
    PRIMARY KEY (meeting_id, part, choice),
    UNIQUE (meeting_id, place)
);
