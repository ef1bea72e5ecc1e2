-- The highest SEQUENCE that the mailbox was ever sent of the meeting. NULL: by a version that sent the date version.
ALTER TABLE invitations ADD COLUMN sent_sequence integer CHECK (sent_sequence >= 0);
