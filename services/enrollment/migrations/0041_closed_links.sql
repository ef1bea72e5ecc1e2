-- How often the mailed links of a person have been closed, by their id: what says an earlier number opens nothing. A link
-- without one is of generation 0.
ALTER TABLE enrolments ADD COLUMN link_generations jsonb NOT NULL DEFAULT '{}'
    CHECK (jsonb_typeof(link_generations) = 'object');
