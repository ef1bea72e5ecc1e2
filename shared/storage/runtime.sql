-- What the runtime of every service keeps: answered requests, who did what, the simulated clock, counters of attempts.

CREATE TABLE http_requests (
    key text NOT NULL CHECK (length(key) BETWEEN 1 AND 300),
    principal text NOT NULL,
    fingerprint bytea NOT NULL,
    status smallint NOT NULL CHECK (status BETWEEN 200 AND 599),
    body text NOT NULL,
    location text,
    refused boolean NOT NULL,
    correlation_id text NOT NULL,
    stored_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (key, principal)
);
COMMENT ON TABLE http_requests IS 'One row per answered request, written in the transaction of its effect; machine time.';
CREATE INDEX http_requests_by_age ON http_requests (stored_at);

CREATE TABLE audit (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT now(),
    principal text NOT NULL,
    actor text,
    route text NOT NULL,
    command text NOT NULL,
    status smallint NOT NULL,
    correlation_id text NOT NULL
);
COMMENT ON TABLE audit IS 'Who did what and when (machine time); never what was said.';
CREATE INDEX audit_by_correlation ON audit (correlation_id);
CREATE INDEX audit_by_time ON audit (at);

CREATE TABLE simulated_clock (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    now timestamptz NOT NULL,
    generation bigint NOT NULL CHECK (generation >= 0)
);
COMMENT ON TABLE simulated_clock IS 'Where the simulated domain time stands, so that a restart does not turn it back.';

CREATE TABLE attempts (
    bucket text NOT NULL,
    since timestamptz NOT NULL,
    made integer NOT NULL CHECK (made > 0),
    PRIMARY KEY (bucket, since)
);
COMMENT ON TABLE attempts IS 'Attempts per bucket (a keyed hash, never an address) and window of machine time.';
CREATE INDEX attempts_by_age ON attempts (since);
