-- Mails as staff look for them in a programme. What stands in the Subject is made of `says`, and kept beside it so that
-- somebody finds it; '' = written by a version that did not keep it, or forgotten.
ALTER TABLE messages ADD COLUMN subject_line text NOT NULL DEFAULT '';
CREATE INDEX messages_by_words ON messages USING gin (to_tsvector('simple', subject_line)) WHERE subject_line <> '';
CREATE INDEX messages_in_a_state_of_a_programme ON messages (programme_id, state, number) WHERE state <> 'sent';
CREATE INDEX messages_of_a_template_of_a_programme ON messages (programme_id, template, number);
-- As much of a name as fits an index.
CREATE INDEX messages_of_an_organisation ON messages (programme_id, left(says ->> 'organisation', 200), number);

-- What a person decided about a mail that failed, or whose fate was unknown. No address and no name stands here.
CREATE TABLE message_decisions (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    message_id short_text NOT NULL REFERENCES messages,
    decision text NOT NULL CHECK (decision IN ('resent', 'settled')),
    decided_at timestamptz NOT NULL,        -- domain time
    correlation_id text NOT NULL,
    causation_id text,
    actor text
);
CREATE INDEX message_decisions_of_a_message ON message_decisions (message_id, number);
