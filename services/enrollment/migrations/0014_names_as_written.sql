-- How a client wrote the person whom it gave a seat. NULL = as the person is known, also where a version before this one
-- gave the seat.
ALTER TABLE seats
    ADD COLUMN name text,
    ADD COLUMN email text,
    ADD CONSTRAINT written_in_whole CHECK (num_nulls(name, email) <> 1);
