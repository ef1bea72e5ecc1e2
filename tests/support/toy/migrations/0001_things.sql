CREATE TABLE things (
    name text PRIMARY KEY,
    n integer NOT NULL CHECK (n <= 1000),
    place integer,
    twin text UNIQUE DEFERRABLE INITIALLY DEFERRED
);

CREATE TABLE rung (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    timer text NOT NULL,
    key text NOT NULL,
    due timestamptz NOT NULL,
    at timestamptz NOT NULL,
    together integer NOT NULL,
    actor text
);
