-- What whoever attached a document has said of it. NULL = nobody was asked: it is a picture or a sheet, or the version
-- before took it in. A document does not go out without the accessible version that it leads to.
ALTER TABLE writing_files
    ADD COLUMN accessible text CHECK (accessible IN ('yes', 'beside', 'no')),
    ADD COLUMN beside integer,                      -- the place of the accessible version
    ADD COLUMN why_not text NOT NULL DEFAULT '',    -- why there is none, in words for its readers
    ADD CONSTRAINT it_leads_to_another CHECK (
        (accessible IS NOT DISTINCT FROM 'beside') = (beside IS NOT NULL) AND beside <> place
    ),
    ADD CONSTRAINT it_says_why_not CHECK ((accessible IS NOT DISTINCT FROM 'no') = (why_not <> '')),
    ADD CONSTRAINT what_it_leads_to_is_there FOREIGN KEY (writing_id, beside)
        REFERENCES writing_files (writing_id, place) ON DELETE CASCADE;
CREATE INDEX writing_files_beside ON writing_files (writing_id, beside) WHERE beside IS NOT NULL;
