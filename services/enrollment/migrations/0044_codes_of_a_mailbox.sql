-- When somebody's links are closed, no code that is under way to their mailbox is any good.
CREATE INDEX mailbox_codes_under_way ON mailbox_codes (mailbox) WHERE used_at IS NULL;
