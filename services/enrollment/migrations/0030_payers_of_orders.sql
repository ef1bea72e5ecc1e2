-- Of what was ordered and another unit, or another order, pays for; NULL = as the enrolment's. What is free is nobody's
-- to pay, and nobody pays for what was not agreed.
ALTER TABLE option_orders
    ADD COLUMN order_billing jsonb CHECK (jsonb_typeof(order_billing) = 'object'),
    ADD CONSTRAINT who_pays_is_said_of_what_costs_and_was_agreed CHECK (
        order_billing IS NULL OR (price_ore > 0 AND agreed_at IS NOT NULL)
    );
