-- The list of a client: what it put in, as `enrolments.load_page` asks for it.
CREATE INDEX enrolments_of_a_client ON enrolments (coalesce(put_in_by, 'before/' || actor), programme_id);
