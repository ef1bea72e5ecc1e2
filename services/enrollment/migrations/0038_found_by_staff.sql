-- Staff look for people, organisations and programmes by the beginnings of words, in any order, and for who is billed by
-- numbers. The words are in lower case before they are taken apart, whatever the locale of the database is.
CREATE INDEX people_by_words ON people USING gin (to_tsvector('simple', lower(name)));
CREATE INDEX guests_by_words ON guests USING gin (to_tsvector('simple', lower(guest_name)));
CREATE INDEX organisations_by_words ON organisations USING gin (to_tsvector('simple', lower(name)));
CREATE INDEX programmes_by_words ON programmes USING gin (to_tsvector('simple', lower(terms #>> '{ref,title}')));
CREATE INDEX sign_ups_by_words ON sign_ups USING gin (to_tsvector('simple', lower(command ->> 'contact_name')))
    WHERE shown_at IS NOT NULL AND confirmed_at IS NULL AND dismissed_at IS NULL;
CREATE INDEX organisations_by_cvr ON organisations (cvr) WHERE cvr IS NOT NULL;
CREATE INDEX organisations_by_ean ON organisations (ean) WHERE ean IS NOT NULL;
CREATE INDEX organisation_units_by_cvr ON organisation_units (cvr) WHERE cvr IS NOT NULL;
CREATE INDEX organisation_units_by_ean ON organisation_units (ean) WHERE ean IS NOT NULL;
CREATE INDEX enrolments_by_ean ON enrolments ((billing ->> 'ean')) WHERE billing ->> 'ean' IS NOT NULL;
CREATE INDEX enrolments_by_cvr ON enrolments ((billed_unit ->> 'cvr')) WHERE billed_unit ->> 'cvr' IS NOT NULL;
