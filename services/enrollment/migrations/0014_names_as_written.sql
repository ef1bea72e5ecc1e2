-- How a client wrote the person whom it gave a seat. NULL = as the person is known, also where a version before this one
-- gave the seat. Such a version joins seats with people and asks for `name` and `email`: no column may be called that.
ALTER TABLE seats
    ADD COLUMN written_name text,
    ADD COLUMN written_email text,
    ADD CONSTRAINT written_in_whole CHECK (num_nulls(written_name, written_email) <> 1);
