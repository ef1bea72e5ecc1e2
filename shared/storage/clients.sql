-- How a client stands is told as a whole, by a number that only grows: what is older than what is known changes nothing.
-- 0 = nobody was told yet. Who made a token is an actor; when it was used last is near enough to an hour. Machine time.
ALTER TABLE clients
    ADD COLUMN version bigint NOT NULL DEFAULT 0 CHECK (version >= 0),
    ADD COLUMN last_used_at timestamptz;
ALTER TABLE client_tokens
    ADD COLUMN made_by text,
    ADD COLUMN last_used_at timestamptz;

-- What was refused to whom; and what became of tokens, roles and sessions.
CREATE INDEX audit_refused ON audit (principal, id) WHERE status = 403;
CREATE INDEX audit_of_access ON audit (route, id)
    WHERE route IN ('token add', 'token renew', 'token revoke', 'session end', 'GrantRole', 'RevokeRole');
