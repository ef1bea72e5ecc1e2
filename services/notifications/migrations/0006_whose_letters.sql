-- Whose client a letter is shown to: the actor whose own doing it speaks of, '' = nobody's. NULL = written by a version
-- that did not know; then it is told by those templates that only ever speak of what their actor did.
ALTER TABLE messages ADD COLUMN put_in_by text;
CREATE INDEX messages_of_a_client ON messages ((coalesce(put_in_by, CASE WHEN template IN (
    'place_confirmed', 'waitlisted', 'withdrawn', 'contact_appointed', 'extra_participant', 'extra_participant_removed',
    'note') THEN actor END)), number);
-- Who armed it first. NULL = a version that did not know; then whoever armed it last.
ALTER TABLE reminders ADD COLUMN put_in_by text;

-- What failed, or never became known, is forgotten as well.
DROP INDEX messages_to_forget;
CREATE INDEX messages_to_forget ON messages (stored_at)
    WHERE state IN ('sent', 'settled', 'failed', 'unknown') AND NOT forgotten;
