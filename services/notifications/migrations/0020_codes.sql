-- Codes that somebody waits for at their screen go out ahead of all other letters.
CREATE INDEX messages_of_codes ON messages (number) WHERE template = 'mailbox_code' AND state = 'pending';
