-- A programme that staff write in the editor, before it is published: of each programme one at most. `proposals` are days
-- that moved with a copy and that nobody has looked at; `decisions` say who chose which reading, and when.
CREATE TABLE programme_drafts (
    id text PRIMARY KEY CHECK (id <> ''),
    draft_of text NOT NULL UNIQUE CHECK (draft_of <> ''),
    draft_title text NOT NULL,
    edition integer NOT NULL CHECK (edition > 0),
    proposals jsonb NOT NULL CHECK (jsonb_typeof(proposals) = 'array'),
    decisions jsonb NOT NULL CHECK (jsonb_typeof(decisions) = 'array'),
    begun_at timestamptz NOT NULL,
    begun_by text NOT NULL,
    saved_at timestamptz NOT NULL CHECK (saved_at >= begun_at),
    saved_by text NOT NULL,
    -- Machine time, by which it is forgotten.
    stored_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX programme_drafts_stored ON programme_drafts (stored_at);

-- Each time that it was saved: the whole text. Whoever opened an earlier one is shown what became of it since.
CREATE TABLE programme_draft_editions (
    draft_id text NOT NULL REFERENCES programme_drafts ON DELETE CASCADE,
    edition integer NOT NULL CHECK (edition > 0),
    yaml text NOT NULL CHECK (length(yaml) BETWEEN 1 AND 131072),
    edited_at timestamptz NOT NULL,
    correlation_id text NOT NULL,
    causation_id text,
    actor text,
    PRIMARY KEY (draft_id, edition)
);
