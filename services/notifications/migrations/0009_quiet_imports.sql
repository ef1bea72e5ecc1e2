-- Whoever was imported without a mail is not invited to what had its date by then: as long as this is `since`, nothing
-- else has become of them. A version before this one moves `since` and leaves this, so that it holds no longer.
ALTER TABLE enrolments ADD COLUMN contact_quiet_since timestamptz;
ALTER TABLE participants ADD COLUMN seat_quiet_since timestamptz;
ALTER TABLE team_members ADD COLUMN member_quiet_since timestamptz;
