-- An option that was ordered is owed, and due once it is delivered.
ALTER TABLE claims
    ADD COLUMN delivered_on date,
    DROP CONSTRAINT claims_kind_check,
    ADD CONSTRAINT claims_kind_check CHECK (kind IN ('fee', 'extra', 'option')),
    ADD CONSTRAINT only_an_option_is_delivered CHECK (delivered_on IS NULL OR kind = 'option'),
    ADD CONSTRAINT an_option_is_due_when_delivered CHECK (
        kind <> 'option' OR state <> 'ready' OR delivered_on IS NOT NULL
    );
-- Fees, and options: what falls away with a programme. A version before this one asks it for the fees alone.
CREATE INDEX claims_that_end_with_a_programme ON claims (programme_id COLLATE "C", id) WHERE kind <> 'extra';
DROP INDEX fees_of_a_programme_in_order;
