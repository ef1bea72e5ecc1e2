-- Steps of tracks that deliver an option, as the owner of the tracks told them: an order that is there, or comes later,
-- is delivered by the first one. They are numbered as they were heard. A copy may be there before its enrolment is.
-- id = natural_id('step', programme, enrolment, track, phase, step).
CREATE TABLE completed_steps (
    id text PRIMARY KEY,
    heard bigint GENERATED ALWAYS AS IDENTITY,
    programme_id text NOT NULL,
    enrolment_id text NOT NULL,
    track text NOT NULL,
    phase text NOT NULL,
    step text NOT NULL,
    delivers text NOT NULL CHECK (delivers <> ''),   -- the option
    completed_on date NOT NULL,
    correlation_id text NOT NULL,
    causation_id text,
    actor text
);
CREATE UNIQUE INDEX completed_steps_as_heard ON completed_steps (enrolment_id, heard);
