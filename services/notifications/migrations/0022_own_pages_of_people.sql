-- Where all that is somebody's stands: mails to them lead there. NULL = known by facts that did not say it.
ALTER TABLE participants ADD COLUMN own_path text;
ALTER TABLE team_members ADD COLUMN own_path text;

-- Of contacts whose links were closed, by person: how often (`generation`), and the link of their own page that holds.
ALTER TABLE enrolments ADD COLUMN renewed_links jsonb NOT NULL DEFAULT '{}'
    CHECK (jsonb_typeof(renewed_links) = 'object');
