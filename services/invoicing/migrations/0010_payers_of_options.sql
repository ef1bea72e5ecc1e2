-- An option, too, may be paid for by another unit, or by another order, than its enrolment's.
ALTER TABLE claims
    DROP CONSTRAINT only_an_extra_has_a_billing_of_its_own,
    ADD CONSTRAINT a_fee_has_no_billing_of_its_own CHECK (NOT own_billing OR kind <> 'fee');
