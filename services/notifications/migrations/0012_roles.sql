-- Who holds a role beside the contact's; nobody = no row. The newest that was told. `purpose` says which letters it gets.
CREATE TABLE role_holders (
    enrolment_id text NOT NULL,
    role_id text NOT NULL CHECK (role_id <> ''),
    programme_id text NOT NULL,
    organisation_code text NOT NULL,
    role_label text NOT NULL,
    purpose text NOT NULL,
    person_id text NOT NULL CHECK (person_id <> ''),
    name text NOT NULL,
    email text NOT NULL,
    address_key text NOT NULL,
    PRIMARY KEY (enrolment_id, role_id)
);
-- Whoever is erased is found by their id, or by the address.
CREATE INDEX role_holders_by_person ON role_holders (person_id);
CREATE INDEX role_holders_by_address ON role_holders (address_key);
