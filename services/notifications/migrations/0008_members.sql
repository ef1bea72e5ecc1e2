-- The meetings that a member of a programme is invited to one by one, besides those of its kinds.
CREATE TABLE member_meetings (
    enrolment_id short_text NOT NULL,
    meeting_id short_text NOT NULL,
    since timestamptz NOT NULL,
    PRIMARY KEY (enrolment_id, meeting_id)
);
CREATE INDEX members_of_a_meeting ON member_meetings (meeting_id);

-- Whether somebody takes part as a guest, who is no organisation's; and whether the mailbox was told so.
ALTER TABLE participants ADD COLUMN as_guest boolean NOT NULL DEFAULT false;
ALTER TABLE invitations ADD COLUMN told_as_guest boolean NOT NULL DEFAULT false;
