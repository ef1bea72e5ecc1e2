-- Whoever signs in with the organiser's identity provider (OpenID Connect). `issuer` and `subject` are the provider's, and
-- are whom it is; name and address are as it said last.
CREATE TABLE accounts (
    id text PRIMARY KEY CHECK (id <> ''),
    issuer text NOT NULL CHECK (issuer <> ''),
    oidc_subject text NOT NULL CHECK (oidc_subject <> ''),
    account_name text NOT NULL,
    account_email text NOT NULL,
    -- Machine time, as all that is about being signed in.
    made_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE (issuer, oidc_subject)
);
CREATE INDEX accounts_by_email ON accounts (lower(account_email));
CREATE INDEX accounts_made ON accounts (made_at);

-- What somebody may do, in one programme or in all of them (''). It is given to an address before whoever has it signs in
-- for the first time, and is the account's from then on: an address may be given to somebody else.
CREATE TABLE role_grants (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id text REFERENCES accounts,
    granted_to text CHECK (granted_to = lower(granted_to)),
    granted_in text NOT NULL,
    staff_role text NOT NULL CHECK (staff_role IN ('reader', 'consultant', 'finance', 'administrator', 'operator')),
    granted_at timestamptz NOT NULL,
    correlation_id text NOT NULL,
    causation_id text,
    actor text,
    CHECK (num_nonnulls(account_id, granted_to) = 1),
    UNIQUE NULLS NOT DISTINCT (account_id, granted_to, granted_in, staff_role)
);
CREATE INDEX role_grants_to ON role_grants (granted_to) WHERE granted_to IS NOT NULL;
CREATE INDEX role_grants_of_administrators ON role_grants (granted_in) WHERE staff_role = 'administrator';

-- Somebody has been sent to the provider and is to come back with this state; only its SHA-256 is kept. Used once.
CREATE TABLE sign_ins (
    state_sha256 bytea PRIMARY KEY CHECK (octet_length(state_sha256) = 32),
    nonce text NOT NULL,
    verifier text NOT NULL,
    back_to text NOT NULL CHECK (back_to LIKE '/%'),
    begun_at timestamptz NOT NULL
);
CREATE INDEX sign_ins_begun ON sign_ins (begun_at);

-- Somebody is signed in at one browser. Only the SHA-256 of what the cookie holds is kept.
CREATE TABLE sessions (
    id text PRIMARY KEY CHECK (id <> ''),
    secret_sha256 bytea NOT NULL UNIQUE CHECK (octet_length(secret_sha256) = 32),
    account_id text NOT NULL REFERENCES accounts,
    -- The provider's own session (`sid`), if it names one: it ends ours with it.
    oidc_session text,
    browser text NOT NULL,
    began_at timestamptz NOT NULL,
    seen_at timestamptz NOT NULL,
    ended_at timestamptz,
    CHECK (seen_at >= began_at)
);
CREATE INDEX sessions_of_an_account ON sessions (account_id);
CREATE INDEX sessions_of_the_provider ON sessions (oidc_session) WHERE ended_at IS NULL;
CREATE INDEX sessions_seen ON sessions (seen_at);
