-- Who takes part in what. Every effect keeps its cause beside it (correlation_id, causation_id, actor).
-- Days are Danish calendar days, instants are UTC, amounts are øre inside the terms.

CREATE TABLE organisations (
    code text PRIMARY KEY,
    kind text NOT NULL DEFAULT 'municipality' CHECK (kind IN ('municipality', 'other')),
    name text NOT NULL CHECK (name <> ''),
    region text,
    cvr text CHECK (cvr ~ '^[0-9]{8}$'),
    sort_key text NOT NULL COLLATE "C",
    main_email text CHECK (main_email LIKE '%_@_%'),
    street text,
    postcode text,
    city text,
    ean text CHECK (ean ~ '^[0-9]{13}$'),
    order_reference text,
    person_reference text,
    account_string text,
    invoice_email text,
    CHECK (kind <> 'municipality' OR code ~ '^[0-9]{4}$'),
    -- An address is whole or absent: an invoice with half of one comes back.
    CHECK (num_nulls(street, postcode, city) IN (0, 3))
);
CREATE INDEX organisations_in_danish_order ON organisations (sort_key);

-- Addresses of roles, never of people: borgmester, direktør, ungeindsats.
CREATE TABLE role_addresses (
    organisation_code text NOT NULL REFERENCES organisations,
    role text NOT NULL CHECK (role <> ''),
    email text NOT NULL CHECK (email LIKE '%_@_%'),
    PRIMARY KEY (organisation_code, role)
);

-- A person is one address in one organisation; the id is random and says nothing about either.
CREATE TABLE people (
    person_id text PRIMARY KEY,
    organisation_code text NOT NULL REFERENCES organisations,
    name text NOT NULL,
    email text NOT NULL CHECK (email LIKE '%_@_%'),
    email_key text NOT NULL GENERATED ALWAYS AS (lower(email)) STORED,
    UNIQUE (email_key, organisation_code)
);

CREATE TABLE programmes (
    id text PRIMARY KEY,
    version integer NOT NULL CHECK (version >= 1),
    state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'cancelled')),
    terms jsonb NOT NULL,
    published_at timestamptz NOT NULL,
    -- Places given, and how many there are at most (NULL = as many as sign up). The row is also the lock under which
    -- numbers are drawn.
    taken integer NOT NULL DEFAULT 0 CHECK (taken >= 0),
    hard_capacity integer CHECK (hard_capacity >= 1),
    next_number integer NOT NULL DEFAULT 1,
    correlation_id text NOT NULL,
    causation_id text,
    actor text,
    CONSTRAINT never_more_than_there_are CHECK (hard_capacity IS NULL OR taken <= hard_capacity)
);

CREATE TABLE invitation_rounds (
    programme_id text NOT NULL REFERENCES programmes,
    round_id text NOT NULL CHECK (round_id <> ''),
    remind_on date,
    started_at timestamptz NOT NULL,
    reminded_at timestamptz,
    correlation_id text NOT NULL,
    causation_id text,
    actor text,
    PRIMARY KEY (programme_id, round_id)
);

-- One organisation in one programme, from its invitation on; id = natural_id('enrolment', programme, organisation).
CREATE TABLE enrolments (
    id text PRIMARY KEY,
    programme_id text NOT NULL REFERENCES programmes,
    organisation_code text NOT NULL REFERENCES organisations,
    state text NOT NULL CHECK (state IN (
        'invited', 'declined', 'received', 'waitlisted', 'enrolled', 'not_approved', 'withdrawn', 'lapsed')),
    forbehold_open boolean NOT NULL DEFAULT false,
    group_id text,
    contact jsonb,
    billing jsonb NOT NULL DEFAULT '{}',
    answers jsonb NOT NULL DEFAULT '{}',
    -- What was agreed on the day of the place: fees and seats, whatever the programme says later.
    agreed jsonb,
    number integer,
    received_at timestamptz,
    enrolled_at timestamptz,
    withdrawn_at timestamptz,
    correlation_id text NOT NULL,
    causation_id text,
    actor text,
    UNIQUE (organisation_code, programme_id),
    CHECK (state IN ('invited', 'declined') OR (contact IS NOT NULL AND received_at IS NOT NULL)),
    CHECK (state NOT IN ('enrolled', 'waitlisted') OR number IS NOT NULL),
    CHECK (state <> 'enrolled' OR (agreed IS NOT NULL AND enrolled_at IS NOT NULL)),
    CHECK (NOT forbehold_open OR state IN ('enrolled', 'waitlisted'))
);
CREATE INDEX enrolments_of_a_programme ON enrolments (programme_id, state);

CREATE TABLE invitations (
    enrolment_id text NOT NULL REFERENCES enrolments,
    programme_id text NOT NULL,
    round_id text NOT NULL,
    invited_at timestamptz NOT NULL,
    reminded_at timestamptz,
    PRIMARY KEY (enrolment_id, round_id),
    FOREIGN KEY (programme_id, round_id) REFERENCES invitation_rounds
);
CREATE INDEX invitations_of_a_round ON invitations (programme_id, round_id);

-- Forms that wait for their contact to press the mailed link. Several may wait for one municipality, so that nobody
-- can keep it out by filling in the form first; the first that is confirmed counts.
CREATE TABLE sign_ups (
    id text PRIMARY KEY,
    enrolment_id text NOT NULL REFERENCES enrolments,
    person_id text NOT NULL REFERENCES people,
    command jsonb NOT NULL,
    received_at timestamptz NOT NULL,
    confirmed_at timestamptz,
    correlation_id text NOT NULL,
    causation_id text,
    actor text,
    -- A second form from the same contact takes the place of the first, whose link then no longer works.
    UNIQUE (enrolment_id, person_id)
);

-- Our copy of what the owner of the meetings has told; the newest told wins.
CREATE TABLE meetings (
    id text PRIMARY KEY,
    programme_id text NOT NULL,
    state text NOT NULL CHECK (state IN ('planned', 'scheduled', 'cancelled', 'held')),
    meeting jsonb NOT NULL,
    group_id text,
    first_day date,
    sequence bigint,
    CHECK (state <> 'scheduled' OR first_day IS NOT NULL)
);
CREATE INDEX meetings_of_a_programme ON meetings (programme_id, first_day);

-- One enrolment's people at one meeting; the row is the lock, and numbers are drawn from it.
CREATE TABLE rosters (
    id text PRIMARY KEY,
    enrolment_id text NOT NULL REFERENCES enrolments,
    meeting_id text NOT NULL REFERENCES meetings,
    next_number integer NOT NULL DEFAULT 1,
    UNIQUE (enrolment_id, meeting_id)
);
CREATE INDEX rosters_of_a_meeting ON rosters (meeting_id);

-- Who is extra is never stored: it follows from the order (registered_at, number) and the included seats.
CREATE TABLE seats (
    roster_id text NOT NULL REFERENCES rosters,
    person_id text NOT NULL REFERENCES people,
    number integer NOT NULL,
    registered_at timestamptz NOT NULL,
    correlation_id text NOT NULL,
    causation_id text,
    actor text,
    PRIMARY KEY (roster_id, person_id),
    UNIQUE (roster_id, number)
);
