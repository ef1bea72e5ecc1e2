-- Who was told what, and who is to be told. Names and addresses stand only in rows that a person_id finds.
-- Copies of what others own carry exactly what their facts said; the newest version wins.

-- What stands in a key is short, so that every key fits its index; a longer one is a fact that nobody can keep.
CREATE DOMAIN short_text AS text CHECK (octet_length(VALUE) <= 512);

-- A row is also a lock: whoever compares meetings with calendars holds it, so that a meeting and an enrolment that
-- arrive at the same moment both count.
CREATE TABLE programmes (
    id short_text PRIMARY KEY,
    version integer NOT NULL,
    ref jsonb NOT NULL,
    -- NULL = its publication has not been seen (another system may tell no such thing).
    reminder_days integer[],
    terms_version integer
);

CREATE TABLE enrolments (
    id short_text PRIMARY KEY,
    programme_id short_text NOT NULL REFERENCES programmes,
    organisation_code short_text NOT NULL,
    organisation_name text NOT NULL,
    has_place boolean NOT NULL,
    group_id short_text,
    person_id short_text NOT NULL,          -- the contact
    contact_name text NOT NULL,
    email text NOT NULL,
    address_key text NOT NULL,
    contact_role short_text NOT NULL,
    attendance jsonb NOT NULL DEFAULT '{}',   -- kind of meeting -> who goes there, as agreed
    participants_path text,
    enrolled_at timestamptz,
    since timestamptz NOT NULL,       -- of the fact that gave contact, group or place
    withdrawn_at timestamptz          -- of the latest withdrawal: who was registered before it is not invited after it
);
CREATE INDEX enrolments_of_a_programme ON enrolments (programme_id) WHERE has_place;
CREATE INDEX enrolments_by_address ON enrolments (address_key, programme_id) WHERE has_place;
CREATE INDEX enrolments_by_person ON enrolments (person_id);

CREATE TABLE meetings (
    id short_text PRIMARY KEY,
    programme_id short_text NOT NULL REFERENCES programmes,
    group_id short_text,
    kind short_text NOT NULL,
    roles text[] NOT NULL,
    state text NOT NULL CHECK (state IN ('planned', 'dated', 'held', 'cancelled')),
    meeting jsonb NOT NULL,
    uid text NOT NULL,                -- of the calendar object; never changes, whatever becomes of the mailbox
    changed_at timestamptz NOT NULL,
    reason text NOT NULL DEFAULT ''
);
CREATE INDEX meetings_of_a_programme ON meetings (programme_id);

CREATE TABLE participants (
    person_id short_text NOT NULL,
    meeting_id short_text NOT NULL,
    enrolment_id short_text NOT NULL,
    programme_id short_text NOT NULL,
    organisation_name text NOT NULL,
    name text NOT NULL,
    email text NOT NULL,
    address_key text NOT NULL,
    takes_part boolean NOT NULL,
    since timestamptz NOT NULL,
    PRIMARY KEY (person_id, meeting_id, enrolment_id)
);
CREATE INDEX participants_by_meeting ON participants (meeting_id, address_key) WHERE takes_part;
CREATE INDEX participants_by_enrolment ON participants (enrolment_id);

-- What each mailbox was last told of each meeting.
CREATE TABLE invitations (
    address_key text NOT NULL,
    meeting_id short_text NOT NULL REFERENCES meetings,
    person_id short_text NOT NULL,
    name text NOT NULL,
    email text NOT NULL,
    part text NOT NULL CHECK (part IN ('participant', 'contact')),
    organisation_name text NOT NULL,
    method text NOT NULL CHECK (method IN ('REQUEST', 'CANCEL')),
    told jsonb NOT NULL,              -- the meeting as it was told
    turn integer NOT NULL,
    stamped timestamptz NOT NULL,
    PRIMARY KEY (address_key, meeting_id)
);
CREATE INDEX invitations_of_a_meeting ON invitations (meeting_id);
CREATE INDEX invitations_by_person ON invitations (person_id);

CREATE TABLE messages (
    id short_text PRIMARY KEY,              -- natural_id of the natural key
    number bigint GENERATED ALWAYS AS IDENTITY,
    template short_text NOT NULL,
    recipient short_text NOT NULL,          -- person_id, or <organisation code>/<role>
    about short_text NOT NULL,
    occasion short_text NOT NULL,
    programme_id short_text,
    people text[] NOT NULL DEFAULT '{}',   -- everybody whose name or address stands in this row
    name text NOT NULL,
    email text NOT NULL,
    address_key text NOT NULL,
    says jsonb NOT NULL,              -- what the template speaks of; the text is made when it is sent
    calendar jsonb,
    written_at timestamptz NOT NULL,  -- domain time of the fact: the Date of the mail
    state text NOT NULL DEFAULT 'pending'
        CHECK (state IN ('pending', 'claimed', 'sending', 'sent', 'unknown', 'failed', 'settled')),
    -- Machine time and machine names from here on.
    stored_at timestamptz NOT NULL DEFAULT now(),
    not_before timestamptz NOT NULL DEFAULT now(),
    attempts integer NOT NULL DEFAULT 0,
    claimed_by text,
    lease_until timestamptz,
    reply text,                       -- stable code of the latest "no", such as smtp_451
    sent_at timestamptz,              -- domain time
    correlation_id text NOT NULL,
    causation_id text,
    actor text,
    CONSTRAINT told_once UNIQUE (recipient, about, template, occasion),
    CONSTRAINT a_claim_has_an_end CHECK (
        (state IN ('claimed', 'sending')) = (claimed_by IS NOT NULL AND lease_until IS NOT NULL)
    ),
    CONSTRAINT sent_at_a_time CHECK (state <> 'sent' OR sent_at IS NOT NULL)
);
CREATE INDEX messages_to_send ON messages (number) WHERE state IN ('pending', 'claimed', 'sending');
CREATE INDEX messages_under_way ON messages (address_key, number) WHERE state IN ('pending', 'claimed', 'sending');
CREATE INDEX messages_for_staff ON messages (number) WHERE state IN ('unknown', 'failed');
CREATE INDEX messages_by_person ON messages USING gin (people);

-- ArmReminder: the timer holds the key only, so that names and texts stand here.
CREATE TABLE reminders (
    id short_text PRIMARY KEY,
    recipient short_text NOT NULL,
    email text NOT NULL,
    about short_text NOT NULL,
    occasion short_text NOT NULL,
    title text NOT NULL,
    text text NOT NULL,
    due timestamptz NOT NULL
);
CREATE INDEX reminders_by_recipient ON reminders (recipient);

-- What staff will read about tomorrow morning. No person's name stands here.
CREATE TABLE digest_items (
    id short_text PRIMARY KEY,              -- natural_id of what is told
    programme_id short_text,                -- NULL = it concerns every programme
    kind short_text NOT NULL,
    line text NOT NULL,
    happened_at timestamptz NOT NULL,
    told_on date,
    correlation_id text NOT NULL,
    causation_id text,
    actor text
);
CREATE INDEX digest_items_untold ON digest_items (happened_at) WHERE told_on IS NULL;
