-- Who is on an organisation's standing team, and so meant by each meeting of these kinds; by every address that they were
-- told to have, as what stands in that calendar is looked at as well.
CREATE TABLE team_members (
    enrolment_id short_text NOT NULL,
    person_id short_text NOT NULL,
    programme_id short_text NOT NULL,
    organisation_name text NOT NULL,
    name text NOT NULL,
    email text NOT NULL,
    address_key text NOT NULL,
    kinds text[] NOT NULL,
    takes_part boolean NOT NULL,
    since timestamptz NOT NULL,
    PRIMARY KEY (enrolment_id, person_id, address_key)
);
CREATE INDEX team_members_of_a_programme ON team_members (programme_id) WHERE takes_part;
CREATE INDEX team_members_by_address ON team_members (address_key, programme_id) WHERE takes_part;
CREATE INDEX team_members_by_person ON team_members (person_id);

-- Where a participant passes the seat on or leaves it; NULL = told by a version, or a system, that has no such page.
ALTER TABLE participants ADD COLUMN seat_path text;
