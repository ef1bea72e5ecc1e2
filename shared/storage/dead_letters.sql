-- Dead letters by cause, a page at a time, however many are open (the older index has the fingerprint alone, which this
-- one has too); the streams that wait for a missing event, the oldest first.

CREATE INDEX dead_letters_cause ON dead_letters (consumer, fingerprint, id) WHERE state = 'open';
DROP INDEX dead_letters_open;
CREATE INDEX parked_keys_gaps ON parked_keys (consumer, since, subject, source) WHERE reason = 'gap';
