-- Where somebody on a standing team passes the place on or leaves it; a secret of theirs.
ALTER TABLE team_members ADD COLUMN place_path text;
