-- Whoever administers some programmes is shown the roles in those.
CREATE INDEX role_grants_in ON role_grants (granted_in, id);
