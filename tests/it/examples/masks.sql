-- A production with the tables that README's section on masks and examples/local.yaml name.
CREATE TYPE state AS ENUM ('active', 'closed');
CREATE TABLE users (
    id int PRIMARY KEY, email text NOT NULL UNIQUE, name text, phone text, birth_date date, password_hash text,
    state state DEFAULT 'active', created_at timestamptz DEFAULT now());
INSERT INTO users SELECT i, 'minsu.kim' || i || '@haneul.co.kr', '남궁민수' || i, '010-2345-' || to_char(i, 'FM0000'),
    date '1980-01-01' + i, 'pbkdf2:' || md5(i::text) FROM generate_series(1000, 1400) i;
CREATE TABLE orders (id int PRIMARY KEY, user_id int REFERENCES users, amount numeric);
INSERT INTO orders SELECT i, 1000 + i % 400, i FROM generate_series(1, 900) i;
CREATE TABLE audit_logs (id int PRIMARY KEY, payload jsonb);
INSERT INTO audit_logs SELECT i, jsonb_build_object('user', jsonb_build_object('email', 'minsu.kim' || 1000 + i || '@haneul.co.kr'),
    'from', jsonb_build_object('phone', '010-2345-' || to_char(1000 + i, 'FM0000'))) FROM generate_series(1, 400) i;
CREATE TABLE sessions (id int PRIMARY KEY, user_id int REFERENCES users, access_token text);
INSERT INTO sessions SELECT i, 1000 + i, md5('t' || i) FROM generate_series(1, 400) i;
CREATE TABLE notes (id int PRIMARY KEY, body text);
INSERT INTO notes SELECT i, 'called about contract ' || md5('n' || i) FROM generate_series(1, 400) i;
CREATE TABLE plans (id int PRIMARY KEY, name text);
INSERT INTO plans VALUES (1, 'Free'), (2, 'Team');
CREATE TABLE files (id int PRIMARY KEY, file_name text);
INSERT INTO files SELECT i, 'scan' || i || '.pdf' FROM generate_series(1, 50) i;
