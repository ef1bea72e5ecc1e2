-- A contact's secretary subscribes to the same meetings by an address of their own.
ALTER TABLE calendar_subscriptions DROP CONSTRAINT calendar_subscriptions_role_check;
ALTER TABLE calendar_subscriptions ADD CONSTRAINT calendar_subscriptions_role_check
    CHECK (role IN ('contact', 'secretary', 'participant', 'mailbox', 'guest'));
-- A pass that was given by links of an earlier generation than this is closed.
ALTER TABLE calendar_subscriptions
    ADD COLUMN links_generation integer NOT NULL DEFAULT 0 CHECK (links_generation >= 0);
