-- What municipalities buy beside the fee. A row is one round of one option: a quote, or an order, and what became of it.
-- Its text, price and moms are those that were agreed, whatever a later version of the programme says.
CREATE TABLE option_orders (
    id text PRIMARY KEY,
    programme_id text NOT NULL REFERENCES programmes,
    enrolment_id text NOT NULL REFERENCES enrolments,
    option_id text NOT NULL,
    round integer NOT NULL CHECK (round > 0),
    state text NOT NULL CHECK (
        state IN ('quoted', 'ordered', 'delivered', 'declined', 'lapsed', 'replaced', 'withdrawn')
    ),
    title text NOT NULL,
    text text NOT NULL,
    includes text NOT NULL,
    price_ore bigint NOT NULL CHECK (price_ore >= 0),
    vat_percent smallint NOT NULL CHECK (vat_percent BETWEEN 0 AND 100),
    good_until date,                -- of a quote; NULL = at the programme's fixed price
    agreed_at timestamptz,          -- when it was ordered, or the quote was accepted
    delivered_on date,
    correlation_id text NOT NULL,
    causation_id text,
    actor text,
    CONSTRAINT one_row_per_enrolment_option_and_round UNIQUE (enrolment_id, option_id, round),
    CONSTRAINT what_was_not_agreed_was_a_quote CHECK (agreed_at IS NOT NULL OR good_until IS NOT NULL),
    CONSTRAINT ordered_means_agreed CHECK (state NOT IN ('ordered', 'delivered') OR agreed_at IS NOT NULL),
    CONSTRAINT what_came_to_nothing_was_not_agreed CHECK (
        state NOT IN ('quoted', 'declined', 'lapsed', 'replaced') OR agreed_at IS NULL
    ),
    CONSTRAINT delivered_means_on_a_day CHECK ((state = 'delivered') = (delivered_on IS NOT NULL)),
    CONSTRAINT only_a_quote_is_free CHECK (price_ore > 0 OR good_until IS NOT NULL)
);
-- An option is ordered or offered once at a time.
CREATE UNIQUE INDEX one_open_round_of_an_option ON option_orders (enrolment_id, option_id)
    WHERE state IN ('quoted', 'ordered');
-- Lists.
CREATE INDEX option_orders_in_order ON option_orders (programme_id, enrolment_id, option_id, round);
CREATE INDEX option_orders_in_a_state ON option_orders (state, programme_id, enrolment_id, option_id, round);
