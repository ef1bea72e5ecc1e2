-- A name is one bearer's, wherever its token is from: those of the environment stand among the clients, as the web role
-- that was started last has them. `tovholder token` makes none of these names.
ALTER TABLE clients ADD COLUMN in_environment boolean NOT NULL DEFAULT false;
