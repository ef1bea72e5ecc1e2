-- Who is known by an address, whatever they were written about.
CREATE INDEX messages_by_address ON messages (address_key);
CREATE INDEX participants_by_address ON participants (address_key);
