-- Who speaks for an organisation besides the mailboxes of its own: one mailbox, or all of a domain. Keys are in lower
-- case and ASCII, as mail addresses have them.
CREATE TABLE speakers (
    organisation_code text NOT NULL REFERENCES organisations,
    kind text NOT NULL CHECK (kind IN ('mailbox', 'domain')),
    value text NOT NULL CHECK (value = lower(value) AND (kind = 'mailbox') = (value LIKE '%_@_%')),
    since timestamptz NOT NULL,
    correlation_id text NOT NULL,
    causation_id text,
    actor text,
    PRIMARY KEY (organisation_code, kind, value)
);

-- A form changes nothing but its own row until it is confirmed: it needs no enrolment, and takes no other's place.
-- A version before this one writes person_id, where it keeps one form for each; this one writes applicant_id.
ALTER TABLE sign_ups
    ALTER COLUMN person_id DROP NOT NULL,
    DROP CONSTRAINT sign_ups_enrolment_id_fkey,
    ADD COLUMN number bigint GENERATED ALWAYS AS IDENTITY,
    ADD COLUMN applicant_id text REFERENCES people,
    ADD COLUMN programme_id text GENERATED ALWAYS AS (command ->> 'programme_id') STORED,
    ADD COLUMN organisation_code text GENERATED ALWAYS AS (command ->> 'organisation_code') STORED,
    ADD COLUMN email_key text GENERATED ALWAYS AS (lower(btrim(command ->> 'contact_email'))) STORED,
    ADD COLUMN caller text,                 -- a keyed hash of where it was sent from
    ADD COLUMN by_main_mailbox boolean NOT NULL DEFAULT false,   -- its link went there, not to the contact
    ADD COLUMN shown_at timestamptz,        -- the link was used, and staff are to say who its contact is
    ADD COLUMN dismissed_at timestamptz,
    ADD CONSTRAINT somebody_signs_up CHECK (num_nulls(person_id, applicant_id) < 2),
    ADD CONSTRAINT one_end CHECK (confirmed_at IS NULL OR dismissed_at IS NULL);
CREATE INDEX sign_ups_by_address ON sign_ups (email_key, received_at);
CREATE INDEX sign_ups_that_wait ON sign_ups (organisation_code, number)
    WHERE shown_at IS NOT NULL AND confirmed_at IS NULL AND dismissed_at IS NULL;
CREATE INDEX sign_ups_for_staff ON sign_ups (number)
    WHERE shown_at IS NOT NULL AND confirmed_at IS NULL AND dismissed_at IS NULL;

-- Whom a form that nobody had confirmed took for answered: they are invited, as before, and are reminded.
UPDATE enrolments SET state = 'invited', contact = NULL, billing = '{}', answers = '{}', group_id = NULL,
    received_at = NULL
WHERE state = 'received' AND EXISTS (SELECT FROM invitations WHERE enrolment_id = enrolments.id);
