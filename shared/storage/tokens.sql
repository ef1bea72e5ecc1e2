-- Who may ask for what with which token, and whose sources are whose.

-- A client and what its tokens open. A name that was used stays: what it put in goes on being its own.
CREATE TABLE clients (
    name text PRIMARY KEY CHECK (name ~ '^[a-z0-9][a-z0-9._-]{0,62}$'),
    scopes text[] NOT NULL CHECK (cardinality(scopes) > 0),
    made_at timestamptz NOT NULL DEFAULT now()
);

-- Only the SHA-256 of a token is kept. A client may have two for a while, so that one can be exchanged. Machine time.
CREATE TABLE client_tokens (
    sha256 bytea PRIMARY KEY CHECK (octet_length(sha256) = 32),
    client text NOT NULL REFERENCES clients,
    made_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL
);
CREATE INDEX client_tokens_of_a_client ON client_tokens (client);

-- Whose events a source names (`POST /events`): the client it was granted to, or the first that used it. (source, id) is
-- a key, so nobody else may use it.
CREATE TABLE client_sources (
    source text PRIMARY KEY CHECK (source <> ''),
    principal text NOT NULL,
    bound_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX client_sources_of_a_principal ON client_sources (principal);

-- A form that was refused is taken out of the count again.
ALTER TABLE attempts DROP CONSTRAINT attempts_made_check, ADD CONSTRAINT attempts_made_check CHECK (made >= 0);
