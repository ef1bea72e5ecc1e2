-- A calendar that somebody subscribes to by a secret address. Without a row its address is the first one; each time that
-- it is renewed there is a new one, and those before it are closed. Opaque ids only.
CREATE TABLE calendar_subscriptions (
    role text NOT NULL CHECK (role IN ('contact', 'participant', 'mailbox', 'guest')),
    of_id short_text NOT NULL CHECK (of_id <> ''),           -- the enrolment; of a guest the programme
    person_id short_text NOT NULL CHECK (person_id <> ''),
    generation integer NOT NULL CHECK (generation BETWEEN 1 AND 1000000),
    renewed_at timestamptz NOT NULL,
    correlation_id text NOT NULL,
    causation_id text,
    actor text,
    PRIMARY KEY (of_id, person_id, role)
);
-- The last day of a programme's period or its deadline, as its terms say; and by the key of a meeting without a date when
-- it is planned. Until the terms are told to this version or a later one: none.
ALTER TABLE programmes
    ADD COLUMN ends_on date,
    ADD COLUMN planned jsonb NOT NULL DEFAULT '{}';
-- The meetings that somebody comes to as a guest, whatever else they come to.
CREATE INDEX participants_who_are_guests ON participants (programme_id, address_key) WHERE as_guest AND takes_part;
