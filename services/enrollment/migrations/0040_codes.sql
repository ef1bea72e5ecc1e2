-- Before something is changed by a mailed link, whoever comes by it shows that they read the mailbox it was mailed to: by
-- a code, for the browser that asked. `mailbox` is a keyed hash of the address, `browser_sha256` of what the browser's
-- cookie holds, and the code is hashed with that: nobody finds an address or a code here. Machine time throughout.
CREATE TABLE mailbox_codes (
    id text PRIMARY KEY CHECK (id <> ''),
    mailbox bytea NOT NULL CHECK (octet_length(mailbox) = 32),
    browser_sha256 bytea NOT NULL CHECK (octet_length(browser_sha256) = 32),
    code_sha256 bytea NOT NULL CHECK (octet_length(code_sha256) = 32),
    tries smallint NOT NULL DEFAULT 0 CHECK (tries BETWEEN 0 AND 5),
    asked_at timestamptz NOT NULL,
    used_at timestamptz CHECK (used_at >= asked_at)
);
CREATE INDEX mailbox_codes_of_a_browser ON mailbox_codes (browser_sha256, mailbox, asked_at);
CREATE INDEX mailbox_codes_asked ON mailbox_codes (asked_at);

-- The mailboxes that a browser has shown that it reads; `mailbox_shown` is the address as its page shows it, i***@….
CREATE TABLE confirmed_mailboxes (
    browser_sha256 bytea NOT NULL CHECK (octet_length(browser_sha256) = 32),
    mailbox bytea NOT NULL CHECK (octet_length(mailbox) = 32),
    mailbox_shown text NOT NULL CHECK (mailbox_shown LIKE '%***@%'),
    confirmed_at timestamptz NOT NULL,
    seen_at timestamptz NOT NULL,
    PRIMARY KEY (browser_sha256, mailbox),
    CHECK (seen_at >= confirmed_at)
);
CREATE INDEX confirmed_mailboxes_of_one ON confirmed_mailboxes (mailbox);
CREATE INDEX confirmed_mailboxes_seen ON confirmed_mailboxes (seen_at);
