-- Up to which day an open forbehold holds its place, as was agreed with the place (`until`, null = for as long as it takes).
-- It holds for the number that it was written for; NULL = a version before this one gave the place.
ALTER TABLE enrolments
    ADD COLUMN forbehold_held jsonb CHECK (jsonb_typeof(forbehold_held) = 'object');
