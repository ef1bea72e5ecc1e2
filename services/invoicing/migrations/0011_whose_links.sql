-- Who holds the billing role of an enrolment, as was told last; as long as they do, what was mailed to them opens.
CREATE TABLE billing_holders (
    enrolment_id text NOT NULL,
    role_id text NOT NULL,
    person_id text NOT NULL CHECK (person_id <> ''),
    PRIMARY KEY (enrolment_id, role_id)
);
