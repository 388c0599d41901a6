-- Everything that the second half of a schema does to tables that belong together, and names made to mislead.
CREATE SCHEMA app;
CREATE SCHEMA "od.d ""one""";

-- Partitions of partitions, with keys from them, to them and to themselves.
CREATE TABLE app.users (id integer NOT NULL, email text NOT NULL, nick text, team integer, best integer);
CREATE TABLE app.teams (id integer NOT NULL, leader integer, rival integer);
CREATE TABLE app.events (id integer NOT NULL, part integer NOT NULL, author integer, earlier integer, earlier_part integer, note text)
    PARTITION BY LIST (part);
CREATE TABLE app.events_0 PARTITION OF app.events FOR VALUES IN (0);
CREATE TABLE app.events_1 PARTITION OF app.events FOR VALUES IN (1) PARTITION BY RANGE (id);
CREATE TABLE app.events_1_low PARTITION OF app.events_1 FOR VALUES FROM (0) TO (1000);
CREATE TABLE app.events_1_high PARTITION OF app.events_1 FOR VALUES FROM (1000) TO (100000);
CREATE TABLE app.replies (id integer, event integer, part integer, author integer) PARTITION BY HASH (id);
CREATE TABLE app.replies_0 PARTITION OF app.replies FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE app.replies_1 PARTITION OF app.replies FOR VALUES WITH (MODULUS 2, REMAINDER 1);
-- A parent that is no partitioned table.
CREATE TABLE app.animals (id integer NOT NULL, owner integer);
CREATE TABLE app.dogs (breed text) INHERITS (app.animals);
CREATE TABLE app.rooms (id integer NOT NULL, during int4range NOT NULL, owner integer NOT NULL, code text NOT NULL);
CREATE TABLE "od.d ""one"""."t USING z" (id integer NOT NULL, "a) REFERENCES app.teams(id" integer, "b, c" integer);
CREATE TABLE "od.d ""one"""."한글 표" ("번호" integer NOT NULL, "t USING z" integer);
CREATE TABLE app."T" (id integer NOT NULL, "user" integer);
CREATE TABLE app.history (what text);

INSERT INTO app.users SELECT g, 'u' || g || '@x.example', 'n' || g, g % 50 + 1, g % 7 + 1 FROM generate_series(1, 3000) g;
INSERT INTO app.teams SELECT g, g * 3, g % 50 + 1 FROM generate_series(1, 50) g;
INSERT INTO app.events SELECT g, g % 2, g % 3000 + 1, NULLIF(g - 2, 0), g % 2, 'note ' || g FROM generate_series(2, 4000) g WHERE g > 3;
UPDATE app.events SET earlier = NULL WHERE id < 6;
INSERT INTO app.replies SELECT g, g, g % 2, g FROM generate_series(4, 3000) g;
INSERT INTO app.animals SELECT g, g FROM generate_series(1, 100) g;
INSERT INTO app.dogs SELECT g, g, 'pug' FROM generate_series(101, 200) g;
INSERT INTO app.rooms SELECT g, int4range(g, g + 1), g, 'c' || g FROM generate_series(1, 500) g;
INSERT INTO "od.d ""one"""."t USING z" SELECT g, g % 50 + 1, g FROM generate_series(1, 500) g;
INSERT INTO "od.d ""one"""."한글 표" SELECT g, g FROM generate_series(1, 500) g;
INSERT INTO app."T" SELECT g, g FROM generate_series(1, 500) g;

ALTER TABLE app.users ADD CONSTRAINT "users PRIMARY KEY (x" PRIMARY KEY (id);
ALTER TABLE app.users ADD CONSTRAINT users_email UNIQUE (email) INCLUDE (nick), ADD CONSTRAINT users_nick UNIQUE (nick) DEFERRABLE INITIALLY DEFERRED;
CREATE UNIQUE INDEX users_lower ON app.users (lower(email)) WHERE team > 0;
CREATE INDEX users_team ON app.users (team) WITH (fillfactor = 70);
CREATE INDEX "x ON y" ON app.users USING hash (best);
ALTER INDEX app.users_lower ALTER COLUMN 1 SET STATISTICS 500;
COMMENT ON INDEX app."x ON y" IS 'it''s ON; app.teams';
COMMENT ON CONSTRAINT "users PRIMARY KEY (x" ON app.users IS 'the key';
COMMENT ON INDEX app.users_email IS 'of a constraint';
ALTER TABLE app.users CLUSTER ON users_team;
ALTER TABLE app.teams ADD PRIMARY KEY (id);
ALTER TABLE app.teams REPLICA IDENTITY USING INDEX teams_pkey;
CREATE UNIQUE INDEX rooms_code ON app.rooms (code);
ALTER TABLE app.rooms REPLICA IDENTITY USING INDEX rooms_code;
ALTER TABLE app.rooms ADD CONSTRAINT rooms_free EXCLUDE USING gist (during WITH &&) WHERE (id > 0);
ALTER TABLE app.rooms ADD CONSTRAINT rooms_owner UNIQUE (owner);
ALTER TABLE app.rooms CLUSTER ON rooms_owner;
ALTER TABLE app.rooms ADD CONSTRAINT rooms_positive CHECK (id > 0) NOT VALID;
ALTER TABLE app.events ADD PRIMARY KEY (id, part);
ALTER TABLE app.replies ADD PRIMARY KEY (id);
CREATE INDEX events_note ON app.events (note);
CREATE INDEX events_author ON app.events (author, id DESC);
CREATE INDEX events_0_own ON app.events_0 (earlier);
CREATE UNIQUE INDEX events_1_low_own ON app.events_1_low (id);
COMMENT ON INDEX app.events_note IS 'of the root';
COMMENT ON INDEX app.events_0_note_idx IS 'of a partition';
ALTER TABLE app.animals ADD PRIMARY KEY (id);
ALTER TABLE app.dogs ADD PRIMARY KEY (id), ADD UNIQUE (owner);
ALTER TABLE "od.d ""one"""."t USING z" ADD CONSTRAINT "한글 key" PRIMARY KEY (id);
CREATE INDEX "x ON y" ON "od.d ""one"""."t USING z" ("a) REFERENCES app.teams(id", "b, c");
ALTER TABLE "od.d ""one"""."한글 표" ADD PRIMARY KEY ("번호");
COMMENT ON INDEX "od.d ""one"""."x ON y" IS 'x';
ALTER TABLE app."T" ADD PRIMARY KEY (id);

ALTER TABLE app.users ADD CONSTRAINT users_team FOREIGN KEY (team) REFERENCES app.teams, ADD CONSTRAINT users_best FOREIGN KEY (best) REFERENCES app.users;
ALTER TABLE app.teams ADD CONSTRAINT leader FOREIGN KEY (leader) REFERENCES app.users DEFERRABLE, ADD CONSTRAINT rival FOREIGN KEY (rival) REFERENCES app.teams;
ALTER TABLE app.events ADD CONSTRAINT author FOREIGN KEY (author) REFERENCES app.users ON DELETE CASCADE;
ALTER TABLE app.events ADD CONSTRAINT earlier FOREIGN KEY (earlier, earlier_part) REFERENCES app.events (id, part);
ALTER TABLE app.events_1_low ADD CONSTRAINT low_self FOREIGN KEY (id) REFERENCES app.events_1_low (id);
ALTER TABLE app.replies ADD CONSTRAINT event FOREIGN KEY (event, part) REFERENCES app.events;
ALTER TABLE app.replies ADD CONSTRAINT author FOREIGN KEY (author) REFERENCES app.users;
ALTER TABLE app.replies_0 ADD CONSTRAINT only_here FOREIGN KEY (author) REFERENCES app.users (id);
ALTER TABLE app.animals ADD CONSTRAINT animals_owner FOREIGN KEY (owner) REFERENCES app.users;
ALTER TABLE app.dogs ADD CONSTRAINT dogs_owner FOREIGN KEY (owner) REFERENCES app.users;
ALTER TABLE app.rooms ADD CONSTRAINT rooms_user FOREIGN KEY (owner) REFERENCES app.users NOT VALID;
ALTER TABLE "od.d ""one"""."t USING z" ADD CONSTRAINT "k REFERENCES app.""T""(id)" FOREIGN KEY ("a) REFERENCES app.teams(id") REFERENCES app.teams;
ALTER TABLE "od.d ""one"""."한글 표" ADD FOREIGN KEY ("t USING z") REFERENCES "od.d ""one"""."t USING z" (id);
ALTER TABLE app."T" ADD CONSTRAINT u FOREIGN KEY ("user") REFERENCES "od.d ""one"""."한글 표" ("번호");
COMMENT ON CONSTRAINT users_team ON app.users IS 'to teams';
COMMENT ON CONSTRAINT author ON app.events IS 'to users; REFERENCES app.teams(id)';

CREATE STATISTICS app.both ON team, best FROM app.users;
CREATE RULE keep AS ON DELETE TO app.rooms DO INSTEAD NOTHING;
CREATE FUNCTION app.note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO app.history VALUES (tg_name); RETURN NULL; END $$;
CREATE TRIGGER noted AFTER INSERT OR UPDATE ON app.users FOR EACH ROW EXECUTE FUNCTION app.note();
CREATE TRIGGER parted AFTER UPDATE ON app.events FOR EACH ROW EXECUTE FUNCTION app.note();
COMMENT ON TRIGGER noted ON app.users IS 'notes';
-- A view that needs a primary key, so that its making and its index stand among those of the tables.
CREATE MATERIALIZED VIEW app.grouped AS SELECT u.id, u.email, count(*) AS n FROM app.users u JOIN app.events e ON e.author = u.id GROUP BY u.id;
CREATE UNIQUE INDEX grouped_id ON app.grouped (id);
CREATE INDEX grouped_n ON app.grouped (n);
ALTER TABLE app.users ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON app.users USING (id > 0);
