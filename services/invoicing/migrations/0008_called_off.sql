-- Whether any meeting of a cancelled programme had been held; NULL = nothing was said, and staff see to what is invoiced.
ALTER TABLE cancelled_programmes ADD COLUMN some_held boolean;
-- What becomes of the fee of a programme that was called off when some of it had been held: staff are asked, or have said
-- that it is billed all the same. NULL = nobody is asked.
ALTER TABLE claims ADD COLUMN at_end text CHECK (at_end IS NULL OR (at_end IN ('asked', 'bill') AND kind = 'fee'));
