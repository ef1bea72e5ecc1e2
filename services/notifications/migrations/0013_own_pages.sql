-- The page of an enrolment that is its contact's own, as of `since`: a version before this one moves `since` and leaves
-- this, so that it leads nobody to a page that was somebody else's.
ALTER TABLE enrolments
    ADD COLUMN standing_path text,
    ADD COLUMN standing_since timestamptz;
