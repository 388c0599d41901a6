-- A production with the tables that examples/local.yaml names.
CREATE TYPE state AS ENUM ('active', 'closed');
CREATE TABLE users (
    id int PRIMARY KEY, email text NOT NULL UNIQUE, name text, phone text, state state DEFAULT 'active',
    created_at timestamptz DEFAULT now());
INSERT INTO users SELECT i, 'minsu.kim' || i || '@haneul.co.kr', '남궁민수' || i, '010-2345-' || to_char(i, 'FM0000')
    FROM generate_series(1000, 1400) i;
CREATE TABLE orders (id int PRIMARY KEY, user_id int REFERENCES users);
INSERT INTO orders SELECT i, 1000 + i % 400 FROM generate_series(1, 900) i;
