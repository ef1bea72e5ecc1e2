-- From which epoch on the badges of somebody who signs in are good here: those of an earlier one open nothing any more.
-- Who has no row has never been signed out.
CREATE TABLE session_epochs (
    subject text PRIMARY KEY CHECK (subject <> ''),
    epoch bigint NOT NULL CHECK (epoch >= 0)
);
