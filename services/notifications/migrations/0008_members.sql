-- The meetings that a member of a programme is invited to one by one, besides those of its kinds.
CREATE TABLE member_meetings (
    enrolment_id short_text NOT NULL,
    meeting_id short_text NOT NULL,
    since timestamptz NOT NULL,
    PRIMARY KEY (enrolment_id, meeting_id)
);
CREATE INDEX members_of_a_meeting ON member_meetings (meeting_id);
