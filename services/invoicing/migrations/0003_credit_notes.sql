-- A credited line's claim is done with: it is not invoiced again by itself.
ALTER TABLE claims
    ADD COLUMN credited boolean NOT NULL DEFAULT false,
    DROP CONSTRAINT claims_state_check,
    ADD CONSTRAINT claims_state_check CHECK (
        state IN ('waiting', 'ready', 'invoiced', 'invoiced_then_removed', 'credited', 'waived', 'withdrawn')
    ),
    DROP CONSTRAINT invoiced_means_on_an_invoice,
    ADD CONSTRAINT invoiced_means_on_an_invoice CHECK (
        (state IN ('invoiced', 'invoiced_then_removed', 'credited')) = (invoice_id IS NOT NULL)
    );

-- Their numbers come from the same counters as those of invoices.
CREATE TABLE credit_notes (
    id text PRIMARY KEY,
    series text NOT NULL,
    organiser text NOT NULL,
    number bigint NOT NULL CHECK (number > 0),
    credit_id text NOT NULL UNIQUE,  -- what whoever asked for it calls it
    asked json NOT NULL,             -- what was asked for under that name
    invoice_id text NOT NULL REFERENCES invoices,
    issued_on date NOT NULL,
    net_ore bigint NOT NULL CHECK (net_ore > 0),
    vat_ore bigint NOT NULL CHECK (vat_ore >= 0),
    gross_ore bigint NOT NULL,
    rounding_ore bigint NOT NULL,
    document json NOT NULL,          -- the whole credit note, byte for byte as it was told
    correlation_id text NOT NULL,
    causation_id text,
    actor text,
    CONSTRAINT credit_note_named_by_series_and_number CHECK (id = series || '-' || number),
    CONSTRAINT credited_gross_is_net_and_moms CHECK (gross_ore = net_ore + vat_ore),
    CONSTRAINT one_credit_note_per_number UNIQUE (number, series, organiser)
);

CREATE INDEX credit_notes_of_an_invoice ON credit_notes (invoice_id);

CREATE FUNCTION refuse_number_of_an_invoice() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM invoices WHERE id = NEW.id) THEN
        RAISE EXCEPTION 'an invoice has the number of the credit note' USING ERRCODE = 'unique_violation';
    END IF;
    RETURN NEW;
END
$$;

CREATE TRIGGER a_number_is_given_once
    BEFORE INSERT ON credit_notes FOR EACH ROW EXECUTE FUNCTION refuse_number_of_an_invoice();

CREATE FUNCTION refuse_change_of_credit_note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'an issued credit note is never changed';
END
$$;

CREATE TRIGGER an_issued_credit_note_is_never_changed
    BEFORE UPDATE OR DELETE OR TRUNCATE ON credit_notes
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_credit_note();

-- How much of an invoice's line has been given back, by whichever credit notes: never more than it came to.
CREATE TABLE credited_lines (
    invoice_id text NOT NULL REFERENCES invoices,
    claim_id text NOT NULL,
    line_ore bigint NOT NULL,
    credited_ore bigint NOT NULL CHECK (credited_ore > 0),
    PRIMARY KEY (invoice_id, claim_id),
    CONSTRAINT no_line_is_credited_beyond_its_amount CHECK (credited_ore <= line_ore)
);
