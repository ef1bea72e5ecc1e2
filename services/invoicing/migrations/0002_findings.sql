-- What keeps a claim from being invoiced although it is owed: a wrong EAN number, a missing address.
ALTER TABLE claims
    ADD COLUMN finding text NOT NULL DEFAULT '',
    ADD CONSTRAINT ready_has_no_finding CHECK (state <> 'ready' OR finding = '');
