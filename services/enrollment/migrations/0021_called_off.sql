-- When a programme was called off, and why (empty = nobody said). It is never taken back.
ALTER TABLE programmes
    ADD COLUMN cancelled_at timestamptz,
    ADD COLUMN cancelled_because text,
    ADD CONSTRAINT cancelled_means_at_a_time CHECK ((state = 'cancelled') = (cancelled_at IS NOT NULL)),
    ADD CONSTRAINT cancelled_means_with_a_word CHECK ((cancelled_at IS NULL) = (cancelled_because IS NULL));

-- When it was told that its programme is called off: once. NULL = it was not, or had ended before.
ALTER TABLE enrolments ADD COLUMN called_off_at timestamptz;
CREATE INDEX enrolments_to_call_off ON enrolments (programme_id, id)
    WHERE called_off_at IS NULL AND state IN ('invited', 'received', 'waitlisted', 'enrolled');
