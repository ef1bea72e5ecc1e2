-- Whether the programme asks for diet and access, as its terms say that were told last: its letters offer it.
ALTER TABLE programmes ADD COLUMN asks_needs boolean NOT NULL DEFAULT false;
