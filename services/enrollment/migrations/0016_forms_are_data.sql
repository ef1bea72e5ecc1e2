-- The words by which questions and declarations were asked, by their ids: they stay as they were when they were answered.
-- Of an enrolment they hold for the round of the `number` in them; a version before this one leaves them as they were.
-- NULL = such a version took the answers, and they read as the programme says now.
ALTER TABLE enrolments ADD COLUMN asked jsonb CHECK (jsonb_typeof(asked) = 'object');
ALTER TABLE sign_ups ADD COLUMN form_asked jsonb CHECK (jsonb_typeof(form_asked) = 'object');

-- Forms that somebody has begun. `typed` is what stands in the fields, right or wrong; `mailbox` the key of whom the link
-- was mailed to, `caller` a keyed hash of where it was first sent from.
CREATE TABLE drafts (
    id text PRIMARY KEY,
    programme_id text NOT NULL REFERENCES programmes,
    typed jsonb NOT NULL CHECK (jsonb_typeof(typed) = 'object'),
    mailbox text NOT NULL CHECK (mailbox = lower(mailbox)),
    caller text NOT NULL,
    revision integer NOT NULL CHECK (revision > 0),
    begun_at timestamptz NOT NULL,
    saved_at timestamptz NOT NULL CHECK (saved_at >= begun_at),
    stored_at timestamptz NOT NULL DEFAULT now(),
    correlation_id text NOT NULL,
    causation_id text,
    actor text
);
CREATE INDEX drafts_mailed ON drafts (mailbox, begun_at);
CREATE INDEX drafts_to_forget ON drafts (stored_at);
