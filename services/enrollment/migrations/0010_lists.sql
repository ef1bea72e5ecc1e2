-- The number of the enrolment when put_in_by was written, NULL as that of whoever is invited. Another one: a version that
-- does not keep who put it in has given the place since.
ALTER TABLE enrolments ADD COLUMN put_in_number integer;
-- The list of a client: what it put in, as `enrolments.load_page` asks for it.
CREATE INDEX enrolments_of_a_client ON enrolments ((CASE WHEN put_in_by IS NOT NULL
    AND put_in_number IS NOT DISTINCT FROM number THEN put_in_by ELSE 'before/' || actor END), programme_id);
