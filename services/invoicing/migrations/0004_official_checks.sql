-- What the official rules of e-invoices said of a document when its files were written.
CREATE TABLE official_checks (
    document_id text PRIMARY KEY,
    left_out text NOT NULL,          -- why they were not asked; empty = they were
    errors jsonb NOT NULL,           -- what makes a receiver refuse it: rule, place and sentence of each
    CONSTRAINT errors_are_listed CHECK (jsonb_typeof(errors) = 'array'),
    CONSTRAINT who_is_not_asked_finds_nothing CHECK (left_out = '' OR errors = '[]')
);
