-- Whoever is erased is found among claims: extra participants by their ids, contacts by theirs.
CREATE INDEX claims_by_item ON claims (item);
CREATE INDEX claims_by_contact ON claims ((contact ->> 'person_id'));
CREATE INDEX claims_by_address ON claims (lower(contact ->> 'email'));
