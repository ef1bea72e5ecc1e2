-- The programme's colour in mails, as its terms say that were told last; of a colour nobody could read on, nothing is kept.
ALTER TABLE programmes
    ADD COLUMN look_colour text CHECK (look_colour ~ '^#[0-9a-f]{6}$'),
    ADD COLUMN look_text text CHECK (look_text IN ('white', 'black')),
    ADD CONSTRAINT a_colour_has_its_text CHECK ((look_colour IS NULL) = (look_text IS NULL));
