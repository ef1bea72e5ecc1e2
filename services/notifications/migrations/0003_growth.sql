-- Mailboxes that an enrolment's contact was reached at before. What stands in their calendars is looked at as well, in
-- slices, long after the fact that named another contact.
CREATE TABLE former_contacts (
    enrolment_id short_text NOT NULL REFERENCES enrolments,
    person_id short_text NOT NULL,
    address_key text NOT NULL,
    PRIMARY KEY (enrolment_id, address_key)
);
CREATE INDEX former_contacts_by_person ON former_contacts (person_id);

-- The mailer's look: what may go out by now, and what somebody sends or has lost.
CREATE INDEX messages_due ON messages (not_before) WHERE state = 'pending';
CREATE INDEX messages_leased ON messages (lease_until) WHERE state IN ('claimed', 'sending');

-- Lists, newest first.
CREATE UNIQUE INDEX messages_by_number ON messages (number);
CREATE INDEX messages_about ON messages (about, number);
CREATE INDEX messages_to ON messages (recipient, number);
CREATE INDEX messages_of_a_programme ON messages (programme_id, number);
CREATE INDEX messages_of_a_template ON messages (template, number);
CREATE INDEX messages_in_a_state ON messages (state, number) WHERE state <> 'sent';
-- What a mail is known by among those who read it: the beginning of its Message-ID. PostgreSQL calls convert_to stable,
-- because encodings can be defined anew; ours never is.
CREATE FUNCTION mail_of(template text, recipient text, about text, occasion text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN left(encode(sha256(convert_to(
    template || chr(10) || recipient || chr(10) || about || chr(10) || occasion, 'UTF8')), 'hex'), 32);
CREATE INDEX messages_by_mail ON messages (mail_of(template, recipient, about, occasion));

-- What was said is forgotten after a time; that it was said never is (`told_once`), or it would be said again.
ALTER TABLE messages ADD COLUMN forgotten boolean NOT NULL DEFAULT false;
CREATE INDEX messages_to_forget ON messages (stored_at) WHERE state IN ('sent', 'settled') AND NOT forgotten;
ALTER TABLE digest_items ADD COLUMN stored_at timestamptz NOT NULL DEFAULT now();  -- machine time
CREATE INDEX digest_items_to_forget ON digest_items (stored_at) WHERE told_on IS NOT NULL AND line <> '';

CREATE INDEX meetings_with_a_day ON meetings (programme_id, id) WHERE state <> 'planned';
CREATE INDEX meetings_without_a_day ON meetings (programme_id) WHERE state = 'planned';
CREATE INDEX invitations_asked ON invitations (meeting_id, organisation_name, name, address_key)
    WHERE method = 'REQUEST';
