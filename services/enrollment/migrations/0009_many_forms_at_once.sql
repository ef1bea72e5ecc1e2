-- Forms that wait for staff, by the mailbox and by the domain that was typed into them.
CREATE INDEX sign_ups_that_wait_by_address ON sign_ups (email_key, number)
    WHERE shown_at IS NOT NULL AND confirmed_at IS NULL AND dismissed_at IS NULL;
CREATE INDEX sign_ups_that_wait_by_domain ON sign_ups ((substring(email_key FROM '[^@]*$')), number)
    WHERE shown_at IS NOT NULL AND confirmed_at IS NULL AND dismissed_at IS NULL;
