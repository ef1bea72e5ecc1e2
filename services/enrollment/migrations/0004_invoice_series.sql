-- An invoice is known by its series and number, so a series is one seller's for ever, whatever its programmes say later.
CREATE TABLE invoice_series (
    series text PRIMARY KEY CHECK (series <> ''),
    cvr text NOT NULL CHECK (cvr ~ '^[0-9]{8}$'),
    programme_id text NOT NULL
);
INSERT INTO invoice_series (series, cvr, programme_id)
SELECT DISTINCT ON (terms #>> '{ref,seller,series}')
    terms #>> '{ref,seller,series}', terms #>> '{ref,seller,cvr}', id
FROM programmes WHERE terms #>> '{ref,seller,series}' <> ''
ORDER BY terms #>> '{ref,seller,series}', published_at, id;
