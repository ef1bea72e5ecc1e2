-- The number that the links of an enrolment's place name; NULL, or not its number: a version that named none gave the
-- place, and its links are read for one release more.
ALTER TABLE enrolments ADD COLUMN linked_number integer;
