-- What an organisation's main mailbox is told of on the next morning: sign-ups by form that were confirmed. A row is gone
-- when it was told.
CREATE TABLE confirmed_sign_ups (
    enrolment_id short_text NOT NULL,
    enrolled_at timestamptz NOT NULL,
    organisation_code short_text NOT NULL,
    organisation_name text NOT NULL,
    programme_id short_text NOT NULL REFERENCES programmes,
    role short_text NOT NULL,               -- of the mailbox
    email text NOT NULL,
    person_id short_text NOT NULL,          -- the contact
    contact_name text NOT NULL,
    contact_email text NOT NULL,
    day date NOT NULL,                      -- in Denmark
    PRIMARY KEY (enrolment_id, enrolled_at)
);
CREATE INDEX confirmed_sign_ups_to_tell ON confirmed_sign_ups (organisation_code, day);
CREATE INDEX confirmed_sign_ups_by_person ON confirmed_sign_ups (person_id);
