-- A contact's secretary subscribes to the same meetings by an address of their own.
ALTER TABLE calendar_subscriptions DROP CONSTRAINT calendar_subscriptions_role_check;
ALTER TABLE calendar_subscriptions ADD CONSTRAINT calendar_subscriptions_role_check
    CHECK (role IN ('contact', 'secretary', 'participant', 'mailbox', 'guest'));
