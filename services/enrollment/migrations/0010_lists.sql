-- The list of a client: what it put in.
CREATE INDEX enrolments_of_a_client ON enrolments (coalesce(put_in_by, actor), programme_id);
