-- A production with the tables that the smallest configuration and the section on samples name.
CREATE SCHEMA app;
CREATE TYPE app.state AS ENUM ('active', 'closed');
CREATE TABLE app.plans (id int PRIMARY KEY, price int);
INSERT INTO app.plans VALUES (1, 0), (2, 900);
CREATE TABLE app.users (
    id bigint PRIMARY KEY, email text NOT NULL UNIQUE, name text, phone text, state app.state DEFAULT 'active',
    plan_id int REFERENCES app.plans, invited_by bigint REFERENCES app.users, created_at timestamptz DEFAULT now());
INSERT INTO app.users (id, email, name, phone, plan_id, invited_by)
    SELECT i, 'minsu.kim' || i || '@haneul.co.kr', '남궁민수' || i, '010-2345-' || to_char(i, 'FM0000'), 1 + i % 2, nullif(i / 2, 0)
    FROM generate_series(1, 400) i;
CREATE INDEX ON app.users (invited_by);
CREATE TABLE app.sessions (id bigint PRIMARY KEY, user_id bigint REFERENCES app.users, created_at timestamptz);
INSERT INTO app.sessions SELECT i, 1 + i % 40, now() - i * interval '1 min' FROM generate_series(1, 4000) i;
CREATE INDEX ON app.sessions (user_id);
CREATE TABLE app.orders (id int PRIMARY KEY, user_id bigint REFERENCES app.users);
INSERT INTO app.orders SELECT i, 1 + i % 40 FROM generate_series(1, 100) i;
CREATE TABLE app.queue (id int PRIMARY KEY, user_id bigint REFERENCES app.users);
INSERT INTO app.queue SELECT i, i FROM generate_series(1, 9) i;
