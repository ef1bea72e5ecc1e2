-- What calendars answered to the invitation that was told last; a new date or a new invitation begins without an answer.
ALTER TABLE invitations
    ADD COLUMN answer text CHECK (answer IN ('accepted', 'declined', 'tentative', 'delegated')),
    ADD COLUMN answer_stamped timestamptz,   -- DTSTAMP of the newest reply, which orders them
    ADD COLUMN answered_at timestamptz,      -- domain time at which the answer came to be what it is
    ADD CONSTRAINT an_answer_has_its_times CHECK (
        (answer IS NULL) = (answer_stamped IS NULL) AND (answer IS NULL) = (answered_at IS NULL)
    );
CREATE INDEX meetings_by_uid ON meetings (uid);
