-- Whether the participant has said it by their own link, whoever has saved it since. Of rows that are there whoever saved
-- them last says it.
ALTER TABLE needs ADD COLUMN own boolean NOT NULL DEFAULT false;
UPDATE needs SET own = true WHERE actor = 'person/' || person_id;
