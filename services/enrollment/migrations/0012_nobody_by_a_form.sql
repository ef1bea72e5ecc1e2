-- A form makes nobody known: applicant_id is a person's, or the id of one who may become known when it is confirmed. The
-- person_id that a version before this one writes is of somebody whom it has made known already.
ALTER TABLE sign_ups DROP CONSTRAINT sign_ups_applicant_id_fkey;
