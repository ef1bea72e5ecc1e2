-- Whether whoever it went to read in it what is done with their data, or had put themselves in. NULL = written by a version
-- that did not keep that; then the words of the mail say it.
ALTER TABLE messages ADD COLUMN introduces boolean;
