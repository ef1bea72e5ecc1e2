-- In which digest a line is told: it is taken in slices, and read when all of it has been taken. NULL: in none yet, by a
-- version before this one, or forgotten.
ALTER TABLE digest_items ADD COLUMN digest short_text;
CREATE INDEX digest_items_of_a_digest ON digest_items (digest, (coalesce(programme_id, '')), kind, happened_at, id)
    WHERE digest IS NOT NULL;
