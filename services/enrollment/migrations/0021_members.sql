-- A member of a programme is an organisation or an office that is invited by name, and no municipality. Its code is the
-- programme's id and its own id in the programme file.
ALTER TABLE organisations
    ADD COLUMN member_of text REFERENCES programmes,
    ADD CONSTRAINT a_member_is_no_municipality
        CHECK (member_of IS NULL OR (kind = 'other' AND starts_with(code, member_of || '.')));
CREATE INDEX organisations_that_are_members ON organisations (member_of) WHERE member_of IS NOT NULL;

-- Whether a member comes only to the meetings that it is invited to; NULL = it is no member. A member has its place before
-- anybody knows where it is written to.
ALTER TABLE enrolments
    ADD COLUMN ad_hoc boolean,
    DROP CONSTRAINT enrolments_check,
    ADD CONSTRAINT enrolments_check CHECK (
        state IN ('invited', 'declined') OR (received_at IS NOT NULL AND (contact IS NOT NULL OR ad_hoc IS NOT NULL)));

CREATE INDEX enrolments_of_members ON enrolments (programme_id, id) WHERE ad_hoc IS NOT NULL;

-- The meetings that a member is invited to one by one.
CREATE TABLE member_meetings (
    enrolment_id text NOT NULL REFERENCES enrolments,
    meeting_id text NOT NULL REFERENCES meetings,
    since timestamptz NOT NULL,
    correlation_id text NOT NULL,
    causation_id text,
    actor text,
    PRIMARY KEY (enrolment_id, meeting_id)
);
CREATE INDEX members_of_a_meeting ON member_meetings (meeting_id);

-- Somebody from outside at one meeting: no organisation's, and so with no seat of one. The id tells nothing of them; it is
-- of this guest at this meeting.
CREATE TABLE guests (
    guest_id text PRIMARY KEY,
    meeting_id text NOT NULL REFERENCES meetings,
    guest_name text NOT NULL CHECK (guest_name <> ''),
    guest_email text NOT NULL CHECK (guest_email LIKE '%_@_%'),
    track text,
    invited_at timestamptz NOT NULL,
    correlation_id text NOT NULL,
    causation_id text,
    actor text
);
CREATE UNIQUE INDEX guests_of_a_meeting ON guests (meeting_id, lower(guest_email));
