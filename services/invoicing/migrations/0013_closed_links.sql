-- Whose links were closed, and how often: what was given by those of an earlier generation opens nothing of invoices any
-- more. Opaque ids only.
CREATE TABLE closed_links (
    enrolment_id text NOT NULL CHECK (enrolment_id <> ''),
    person_id text NOT NULL CHECK (person_id <> ''),
    contact_generation integer NOT NULL CHECK (contact_generation >= 0),  -- of the contact's pages, as told last
    billing_generation integer NOT NULL CHECK (billing_generation >= 0),  -- of what whoever holds the billing role has
    PRIMARY KEY (enrolment_id, person_id)
);
