-- Every look-up has an index. On a partitioned table the index is made for each partition, and those to come get it too;
-- while it is made the relay waits (a few seconds for a million rows) and nobody else does.

-- `why`: what followed from an event, the earliest first.
CREATE INDEX outbox_followed ON outbox (causation_id, occurred_at) WHERE causation_id IS NOT NULL;
CREATE INDEX outbox_sent_followed ON outbox_sent (causation_id, occurred_at) WHERE causation_id IS NOT NULL;
CREATE INDEX outbox_dead_event_id ON outbox_dead (event_id);
CREATE INDEX outbox_given_up_event_id ON outbox_given_up (event_id);

-- `replay`: in the order in which it was told, from the first record on, without sorting it all.
CREATE INDEX outbox_sent_in_order ON outbox_sent (id);

-- Behind which records of outbox_dead others wait: asked for every row of the outbox while there are any.
CREATE INDEX outbox_dead_key ON outbox_dead (key, topic);

-- Housekeeping, and the foreign key it has to look at.
CREATE INDEX dead_letters_oldest ON dead_letters (received_at) WHERE state = 'open';
CREATE INDEX dead_letters_settled ON dead_letters (settled_at) WHERE state <> 'open';
CREATE INDEX parked_keys_behind ON parked_keys (dead_letter_id) WHERE dead_letter_id IS NOT NULL;
