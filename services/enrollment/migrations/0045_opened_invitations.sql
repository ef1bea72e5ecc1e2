-- When the link of an invitation was opened first: by whoever got the mail, or by a scanner of theirs that follows links.
-- Nothing else is kept of it. NULL = not yet, or before this version.
ALTER TABLE invitations ADD COLUMN opened_at timestamptz CHECK (opened_at >= invited_at);
