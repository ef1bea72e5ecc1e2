-- What a participant said to be, where the programme asks (participant_levels); NULL = did not say.
ALTER TABLE seats ADD COLUMN level text CHECK (level <> '');
