-- Whose own links were closed last, and those that are good since: what is heard of later, and was told before, leads by
-- none that is closed.
CREATE TABLE closed_links (
    enrolment_id text NOT NULL,
    person_id text NOT NULL,
    links_generation integer NOT NULL CHECK (links_generation >= 0),
    closed_at timestamptz NOT NULL,                 -- domain time
    own_page_path text,
    place_path text,
    seat_paths jsonb NOT NULL CHECK (jsonb_typeof(seat_paths) = 'object'),  -- by meeting
    correlation_id text NOT NULL,
    causation_id text,
    actor text,
    PRIMARY KEY (enrolment_id, person_id)
);
CREATE INDEX closed_links_of_a_person ON closed_links (person_id);
