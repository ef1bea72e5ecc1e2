-- By which request its text was changed last; NULL = not since it was begun, or by a version before this one.
ALTER TABLE writings ADD COLUMN changed_in text;
