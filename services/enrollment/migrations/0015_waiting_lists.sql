-- The answer to a forbehold, and what is known of it. NULL = as `forbehold_open` says, which a version before this one
-- writes alone: an open one is `open` only as long as that says so too.
ALTER TABLE enrolments
    ADD COLUMN forbehold text CHECK (forbehold IN ('none', 'open', 'approved', 'refused')),
    ADD COLUMN committee text,
    ADD COLUMN expected_on date;
-- In the order in which they move up.
CREATE INDEX enrolments_waiting ON enrolments (programme_id, received_at, number) WHERE state = 'waitlisted';
CREATE INDEX enrolments_with_forbehold ON enrolments (programme_id, id) WHERE state = 'enrolled' AND forbehold_open;
