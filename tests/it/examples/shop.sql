-- The database `shop` of README's configuration with two databases.
CREATE TABLE customers (id int PRIMARY KEY, email text UNIQUE, phone text, birth_date date, reset_token text, created_at timestamptz DEFAULT now());
INSERT INTO customers SELECT i, 'minsu.kim' || i || '@haneul.co.kr', '010-2345-' || to_char(i, 'FM0000'), date '1980-01-01' + i, md5('t' || i)
    FROM generate_series(1000, 1400) i;
CREATE TABLE products (id int PRIMARY KEY, name text, price numeric);
INSERT INTO products SELECT i, 'Product ' || i, i FROM generate_series(1, 20) i;
CREATE TABLE orders (id int PRIMARY KEY, customer_id int REFERENCES customers, product_id int REFERENCES products, note text);
INSERT INTO orders SELECT i, 1000 + i % 400, 1 + i % 20, 'deliver to the neighbour ' || md5('n' || i) FROM generate_series(1, 900) i;
CREATE TABLE outbox (id int PRIMARY KEY, order_id int REFERENCES orders);
INSERT INTO outbox SELECT i, i FROM generate_series(1, 30) i;
