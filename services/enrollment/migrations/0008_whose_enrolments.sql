-- Who put an enrolment in (`client/<name>`, `token/<name>`, `form` …), as told from who changed it last, which is `actor`.
-- NULL: put in by a version that did not keep it.
ALTER TABLE enrolments ADD COLUMN put_in_by text;
