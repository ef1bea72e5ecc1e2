-- Two entries of the address book that were one organisation: the one that goes says which one stays, and is read through
-- it. What stays is itself merged into none, which the reference to `stays` keeps so, also where the one that stays goes
-- later: all that was merged into it then says the next one, in the same statement.
ALTER TABLE organisations
    ADD COLUMN merged_into text,
    ADD COLUMN merged_at timestamptz,
    ADD COLUMN stays boolean NOT NULL GENERATED ALWAYS AS (merged_into IS NULL) STORED,
    ADD COLUMN other_stays boolean GENERATED ALWAYS AS (CASE WHEN merged_into IS NOT NULL THEN true END) STORED,
    ADD CONSTRAINT merged_into_another CHECK (merged_into <> code),
    ADD CONSTRAINT merged_at_some_time CHECK ((merged_into IS NULL) = (merged_at IS NULL)),
    ADD CONSTRAINT organisations_that_stay UNIQUE (code, stays),
    ADD CONSTRAINT merged_into_one_that_stays
        FOREIGN KEY (merged_into, other_stays) REFERENCES organisations (code, stays);
CREATE INDEX organisations_merged_into ON organisations (merged_into) WHERE merged_into IS NOT NULL;

-- Which columns of an entry were changed, when and by whom; never what stood or stands there. `unit_id` = of that unit.
-- A version before this one changes entries without a word here.
CREATE TABLE organisation_changes (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    organisation_code text NOT NULL REFERENCES organisations,
    unit_id text,
    changed_columns text[] NOT NULL CHECK (cardinality(changed_columns) > 0),
    changed_at timestamptz NOT NULL,
    correlation_id text NOT NULL,
    causation_id text,
    actor text
);
CREATE INDEX organisation_changes_of_one ON organisation_changes (organisation_code, id);

-- A mailbox of the book that refused what was sent to it: the newest that was heard of it. It counts as long as that
-- address stands in the book, or until staff say that it takes mails again.
CREATE TABLE refused_mailboxes (
    organisation_code text NOT NULL REFERENCES organisations,
    mailbox_role text NOT NULL CHECK (mailbox_role <> ''),
    refused_address text NOT NULL CHECK (refused_address LIKE '%_@_%'),
    refused_because text NOT NULL,
    refused_at timestamptz NOT NULL,
    correlation_id text NOT NULL,
    causation_id text,
    actor text,
    PRIMARY KEY (organisation_code, mailbox_role)
);
