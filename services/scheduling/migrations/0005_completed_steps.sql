-- The tracks of a programme, and the version of its file that says so: a version of ours before this one writes neither.
ALTER TABLE programmes
    ADD COLUMN tracks jsonb,
    ADD COLUMN tracks_version integer,
    ADD CONSTRAINT tracks_of_a_version CHECK ((tracks IS NULL) = (tracks_version IS NULL));

-- Which steps of its own tracks an enrolment is through; id = natural_id('step', programme, enrolment, track, phase, step).
CREATE TABLE completed_steps (
    id text PRIMARY KEY,
    programme_id text NOT NULL REFERENCES programmes,
    enrolment_id text NOT NULL CHECK (enrolment_id <> ''),
    track text NOT NULL CHECK (track <> ''),
    phase text NOT NULL CHECK (phase <> ''),
    step text NOT NULL CHECK (step <> ''),
    option_id text CHECK (option_id <> ''),     -- the option that it delivers
    completed_on date NOT NULL,
    correlation_id text NOT NULL,
    causation_id text,
    actor text
);
-- Lists. An index entry has no room for all that a step is known by; its id has.
CREATE INDEX completed_steps_in_order ON completed_steps (programme_id, enrolment_id, completed_on, id);
