CREATE TABLE toys (toy_id text PRIMARY KEY, owner text NOT NULL);
CREATE TABLE counted (toy_id text PRIMARY KEY);
