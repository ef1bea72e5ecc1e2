-- Where all that is somebody's stands: mails to them lead there. NULL = known by facts that did not say it.
ALTER TABLE participants ADD COLUMN own_path text;
ALTER TABLE team_members ADD COLUMN member_page_path text;
