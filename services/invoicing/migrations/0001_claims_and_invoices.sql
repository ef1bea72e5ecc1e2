-- Programmes as the facts that led to claims named them: one row per version, never changed.
CREATE TABLE programmes (
    id text NOT NULL,
    version integer NOT NULL,
    ref jsonb NOT NULL,
    PRIMARY KEY (id, version)
);

-- How meetings ended. The row of a meeting is the lock between "it was held" and "somebody was added to it".
CREATE TABLE meetings (
    id text PRIMARY KEY,
    title text NOT NULL,
    held_on date,
    cancelled boolean NOT NULL DEFAULT false
);

-- The contact that an organisation has appointed since; counts for claims that were told of before.
CREATE TABLE appointed_contacts (
    enrolment_id text PRIMARY KEY,
    contact jsonb NOT NULL,
    appointed_at timestamptz NOT NULL
);

CREATE TABLE cancelled_programmes (
    id text PRIMARY KEY,
    reason text NOT NULL
);

CREATE TABLE claims (
    id text COLLATE "C" PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('fee', 'extra')),
    state text NOT NULL CHECK (
        state IN ('waiting', 'ready', 'invoiced', 'invoiced_then_removed', 'waived', 'withdrawn')
    ),
    due_at timestamptz,
    organiser text NOT NULL,
    series text NOT NULL CHECK (length(series) <= 40),
    programme_id text NOT NULL,
    programme_version integer NOT NULL,
    enrolment_id text NOT NULL,
    meeting_id text,
    item text NOT NULL,             -- the instalment, or the extra participant's person id
    organisation_code text COLLATE "C" NOT NULL,
    buyer jsonb NOT NULL,
    billing jsonb NOT NULL,
    contact jsonb NOT NULL,
    text text NOT NULL,
    person_name text,
    amount_ore bigint NOT NULL CHECK (amount_ore > 0),
    vat_percent smallint NOT NULL CHECK (vat_percent BETWEEN 0 AND 100),
    earliest timestamptz,
    told_at timestamptz NOT NULL,
    wanted boolean NOT NULL,
    on_hold boolean NOT NULL,
    waived_because text,
    reason text NOT NULL,
    invoice_id text,
    correlation_id text NOT NULL,
    causation_id text,
    actor text,
    CONSTRAINT one_claim_per_enrolment_and_instalment_or_roster_and_person
        UNIQUE NULLS NOT DISTINCT (enrolment_id, item, meeting_id),
    CONSTRAINT an_extra_is_for_a_meeting CHECK ((kind = 'extra') = (meeting_id IS NOT NULL)),
    CONSTRAINT ready_means_due CHECK ((state = 'ready') = (due_at IS NOT NULL)),
    CONSTRAINT invoiced_means_on_an_invoice CHECK (
        (state IN ('invoiced', 'invoiced_then_removed')) = (invoice_id IS NOT NULL)
    ),
    CONSTRAINT waived_has_a_reason CHECK (state <> 'waived' OR length(waived_because) > 0),
    CONSTRAINT ready_is_wanted_and_free CHECK (state <> 'ready' OR (wanted AND NOT on_hold))
);

CREATE INDEX claims_to_invoice ON claims (series, organiser, due_at) WHERE state = 'ready';
CREATE INDEX claims_of_a_meeting ON claims (meeting_id) WHERE meeting_id IS NOT NULL;
CREATE INDEX claims_on_an_invoice ON claims (invoice_id) WHERE invoice_id IS NOT NULL;

-- The last number given. A series belongs to one organiser, because an invoice is known by series and number.
CREATE TABLE counters (
    series text PRIMARY KEY CHECK (series <> ''),
    organiser text NOT NULL,
    last bigint NOT NULL CHECK (last > 0)
);

CREATE TABLE invoices (
    id text PRIMARY KEY,
    series text NOT NULL,
    organiser text NOT NULL,
    number bigint NOT NULL CHECK (number > 0),
    issued_on date NOT NULL,
    due_on date NOT NULL CHECK (due_on >= issued_on),
    programme_id text NOT NULL,
    enrolment_id text NOT NULL,
    organisation_code text NOT NULL,
    net_ore bigint NOT NULL,
    vat_ore bigint NOT NULL,
    gross_ore bigint NOT NULL,
    document json NOT NULL,         -- the whole invoice, byte for byte as it was told
    correlation_id text NOT NULL,
    causation_id text,
    actor text,
    CONSTRAINT named_by_series_and_number CHECK (id = series || '-' || number),
    CONSTRAINT gross_is_net_and_moms CHECK (gross_ore = net_ore + vat_ore),
    CONSTRAINT one_invoice_per_number UNIQUE (number, series, organiser)
);

CREATE INDEX invoices_by_due_day ON invoices (due_on, series);
CREATE INDEX invoices_of_an_enrolment ON invoices (enrolment_id);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'an issued invoice is never changed: correct it by a credit note';
END
$$;

CREATE TRIGGER an_issued_invoice_is_never_changed
    BEFORE UPDATE OR DELETE OR TRUNCATE ON invoices FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE payments (
    id text PRIMARY KEY,            -- the bank's own reference
    invoice_id text NOT NULL REFERENCES invoices,
    amount_ore bigint NOT NULL CHECK (amount_ore > 0),
    paid_on date NOT NULL,
    correlation_id text NOT NULL,
    causation_id text,
    actor text
);

CREATE INDEX payments_of_an_invoice ON payments (invoice_id);

CREATE TABLE overdue_notices (
    invoice_id text NOT NULL REFERENCES invoices,
    level smallint NOT NULL CHECK (level BETWEEN 1 AND 3),
    told_on date NOT NULL,
    outstanding_ore bigint NOT NULL CHECK (outstanding_ore > 0),
    correlation_id text NOT NULL,
    causation_id text,
    actor text,
    PRIMARY KEY (invoice_id, level)
);

-- How far the files of a series have been written; numbers are gapless and committed in order.
CREATE TABLE written_documents (
    series text PRIMARY KEY,
    last bigint NOT NULL
);
