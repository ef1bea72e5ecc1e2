-- What the address book says of an organisation's invoices, all of it. `cvr` is the organisation's own.
ALTER TABLE organisations
    ADD COLUMN country text CHECK (country ~ '^[A-Z]{2}$'),
    ADD COLUMN p_number text CHECK (p_number ~ '^[1-9][0-9]{9}$'),
    ADD COLUMN e_invoice_format text CHECK (e_invoice_format IN ('peppol', 'oioubl')),
    ADD COLUMN demands text[] NOT NULL DEFAULT '{}'
        CHECK (demands <@ ARRAY['gln', 'order', 'person', 'account_string', 'contact']);

-- A unit of an organisation: invoices to it have its own EAN number, references and demands. What it does not say is
-- the organisation's; `cvr` stands where it is a legal unit of its own.
CREATE TABLE organisation_units (
    organisation_code text NOT NULL REFERENCES organisations,
    unit_id text NOT NULL CHECK (unit_id <> '' AND length(unit_id) <= 200),
    unit_name text NOT NULL CHECK (unit_name <> ''),
    cvr text CHECK (cvr ~ '^[0-9]{8}$'),
    ean text CHECK (ean ~ '^[0-9]{13}$'),
    p_number text CHECK (p_number ~ '^[1-9][0-9]{9}$'),
    order_reference text CHECK (order_reference <> ''),
    person_reference text CHECK (person_reference <> ''),
    account_string text CHECK (account_string <> ''),
    invoice_email text CHECK (invoice_email LIKE '%_@_%'),
    street text,
    postcode text,
    city text,
    country text CHECK (country ~ '^[A-Z]{2}$'),
    e_invoice_format text CHECK (e_invoice_format IN ('peppol', 'oioubl')),
    demands text[] NOT NULL DEFAULT '{}'
        CHECK (demands <@ ARRAY['gln', 'order', 'person', 'account_string', 'contact']),
    PRIMARY KEY (organisation_code, unit_id),
    CONSTRAINT an_address_of_a_unit_is_whole_or_absent CHECK (num_nulls(street, postcode, city) IN (0, 3)),
    CONSTRAINT a_country_of_a_unit_has_an_address CHECK (country IS NULL OR street IS NOT NULL)
);

-- Which unit is billed: beside `billing`, because a version before this one writes that anew without it. It holds for
-- the number that it was written for.
ALTER TABLE enrolments
    ADD COLUMN billed_unit jsonb CHECK (jsonb_typeof(billed_unit) = 'object');
-- Of an extra participant whom another unit, or another order, pays for; NULL = as the enrolment's.
ALTER TABLE seats
    ADD COLUMN own_billing jsonb CHECK (jsonb_typeof(own_billing) = 'object');
