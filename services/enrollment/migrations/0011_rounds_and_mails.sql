-- The number that the links of an enrolment's place name; NULL, or not its number: a version that named none gave the
-- place, and its links, which name none, lead to it.
ALTER TABLE enrolments ADD COLUMN linked_number integer;

-- The mailbox that a form's link goes to, and whether it was mailed: past so many a day it is not, and any link that was
-- mailed to that mailbox leads to the form. NULL: a version before this one mailed a main mailbox it did not write down.
ALTER TABLE sign_ups
    ADD COLUMN main_mailbox text,           -- its key, where the link goes there
    ADD COLUMN mailed boolean NOT NULL DEFAULT true,
    ADD COLUMN mailbox text GENERATED ALWAYS AS (
        CASE WHEN by_main_mailbox THEN main_mailbox ELSE lower(btrim(command ->> 'contact_email')) END) STORED;
CREATE INDEX sign_ups_mailed ON sign_ups (mailbox, received_at) WHERE mailed;
CREATE INDEX sign_ups_not_mailed ON sign_ups (mailbox, (-number)) WHERE NOT mailed;
-- Whose forms wait with an address is found by sign_ups_that_wait_by_address.
DROP INDEX sign_ups_by_address;
-- A version before this one joins people, and means the email_key of those.
ALTER TABLE sign_ups RENAME COLUMN email_key TO contact_key;
