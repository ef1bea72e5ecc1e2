-- Cancelled with all of its programme: contacts are told that once, and not of each meeting.
ALTER TABLE meetings ADD COLUMN with_programme boolean NOT NULL DEFAULT false;
