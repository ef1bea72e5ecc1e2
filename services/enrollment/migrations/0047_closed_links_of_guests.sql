-- How often the links of a guest have been closed: what says an earlier number opens nothing. A link without one is of
-- generation 0.
ALTER TABLE guests ADD COLUMN guest_generation integer NOT NULL DEFAULT 0 CHECK (guest_generation >= 0);
