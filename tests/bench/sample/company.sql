-- A company with the hard cases, of {users} users: a table that refers to itself, two that refer to each other,
-- composite keys, a partitioned log, references that no key declares, a table without a key, reference data.
CREATE SCHEMA app;
CREATE TABLE app.countries (code text PRIMARY KEY, name text NOT NULL);
CREATE TABLE app.products (id int PRIMARY KEY, name text NOT NULL, country_code text NOT NULL REFERENCES app.countries, price numeric(10, 2));
CREATE TABLE app.companies (id int PRIMARY KEY, parent_id int REFERENCES app.companies, owner_id bigint, name text NOT NULL);
CREATE TABLE app.users (id bigint PRIMARY KEY, company_id int NOT NULL REFERENCES app.companies, manager_id bigint REFERENCES app.users,
    email text NOT NULL, phone text, name text, note text, created_at timestamptz NOT NULL);
CREATE TABLE app.orders (id bigint PRIMARY KEY, user_id bigint NOT NULL REFERENCES app.users, ordered_at timestamptz NOT NULL, total numeric(12, 2), address text);
CREATE TABLE app.order_lines (order_id bigint REFERENCES app.orders, line_no int, product_id int NOT NULL REFERENCES app.products, quantity int, note text,
    PRIMARY KEY (order_id, line_no));
CREATE TABLE app.shipments (id bigint PRIMARY KEY, order_id bigint NOT NULL, line_no int NOT NULL, code text, FOREIGN KEY (order_id, line_no) REFERENCES app.order_lines);
CREATE TABLE app.logs (at date NOT NULL, id bigint NOT NULL, user_id bigint NOT NULL REFERENCES app.users, action text, payload jsonb, PRIMARY KEY (id, at))
    PARTITION BY RANGE (at);
CREATE TABLE app.comments (id bigint PRIMARY KEY, subject_type text NOT NULL, subject_id bigint NOT NULL, body text);
CREATE TABLE app.notifications (id bigint PRIMARY KEY, payload jsonb NOT NULL);
CREATE TABLE app.audit (user_id bigint NOT NULL, what text, at timestamptz);
DO $$ BEGIN FOR month IN 1..12 LOOP
    EXECUTE format('CREATE TABLE app.logs_%s PARTITION OF app.logs FOR VALUES FROM (%L) TO (%L)', month,
        make_date(2026, month, 1), make_date(2026, month, 1) + interval '1 month');
END LOOP; END $$;

INSERT INTO app.countries SELECT chr(65 + i / 26) || chr(65 + i % 26), 'country ' || i FROM generate_series(0, 199) i;
INSERT INTO app.products SELECT i, 'product ' || i, chr(65 + i % 200 / 26) || chr(65 + i % 200 % 26), i % 1000 FROM generate_series(1, 5000) i;
INSERT INTO app.companies SELECT i, nullif(i / 5, 0), 1 + i * 7 % {users}, 'company ' || i FROM generate_series(1, {users} / 50 + 1) i;
INSERT INTO app.users SELECT i, 1 + i % ({users} / 50), nullif(i / 10, 0), 'kim.minsu' || i || '@haneul.example',
    '010-' || to_char(i / 10000 % 10000, 'FM0000') || '-' || to_char(i % 10000, 'FM0000'), 'Kim Minsu ' || i, repeat('note ', 8), timestamptz '2026-01-01' + i * interval '1 s'
    FROM generate_series(1, {users}) i;
ALTER TABLE app.companies ADD FOREIGN KEY (owner_id) REFERENCES app.users;
INSERT INTO app.orders SELECT i, 1 + i % {users}, timestamptz '2026-01-01' + i * interval '1 s', i % 10000, 'street ' || i FROM generate_series(1, 10 * {users}) i;
INSERT INTO app.order_lines SELECT i, n, 1 + (i + n) % 5000, n, 'wrapped as a gift' FROM generate_series(1, 10 * {users}) i, generate_series(1, 3) n;
INSERT INTO app.shipments SELECT i, i, 1, 'shipment ' || i FROM generate_series(1, 10 * {users}) i;
INSERT INTO app.logs SELECT date '2026-01-01' + i % 365, i, 1 + i % {users}, 'login',
    jsonb_build_object('email', 'kim.minsu' || 1 + i % {users} || '@haneul.example', 'agent', 'Mozilla Mozilla Mozilla Mozilla') FROM generate_series(1, 20 * {users}) i;
INSERT INTO app.comments SELECT i, (ARRAY['User', 'Order'])[1 + i % 2], 1 + i % {users}, repeat('words and words ', 8) FROM generate_series(1, 4 * {users}) i;
INSERT INTO app.notifications SELECT i, jsonb_build_object('user_id', i, 'text', 'hello') FROM generate_series(1, {users}) i;
INSERT INTO app.audit SELECT 1 + i % {users}, 'looked', timestamptz '2026-01-01' + i * interval '1 s' FROM generate_series(1, 5 * {users}) i;

CREATE INDEX ON app.users (company_id);
CREATE INDEX ON app.users (manager_id);
CREATE INDEX ON app.companies (owner_id);
CREATE INDEX ON app.companies (parent_id);
CREATE INDEX ON app.orders (user_id);
CREATE INDEX ON app.order_lines (product_id);
CREATE INDEX ON app.shipments (order_id, line_no);
CREATE INDEX ON app.logs (user_id);
CREATE INDEX ON app.comments (subject_type, subject_id);
CREATE INDEX ON app.comments (subject_id);
CREATE INDEX ON app.audit (user_id);
CREATE INDEX ON app.notifications ((payload ->> 'user_id'));
