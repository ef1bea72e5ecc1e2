-- How an enrolment's claims are billed, as was told last; counts for claims that were told of before. The row is the
-- lock between "it is billed otherwise" and "somebody is billed for"; it holds nothing until the first is told.
CREATE TABLE told_billings (
    enrolment_id text PRIMARY KEY,
    told_billing jsonb,
    told_billing_at timestamptz,
    CONSTRAINT a_billing_was_told_at_some_time CHECK ((told_billing IS NULL) = (told_billing_at IS NULL))
);
-- An extra participant whom another unit, or another order, pays for: what is told of the enrolment does not touch it.
ALTER TABLE claims
    ADD COLUMN own_billing boolean NOT NULL DEFAULT false,
    ADD CONSTRAINT only_an_extra_has_a_billing_of_its_own CHECK (NOT own_billing OR kind = 'extra');
