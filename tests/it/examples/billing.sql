-- The database `billing` of README's configuration with two databases.
CREATE TABLE invoices (id int PRIMARY KEY, customer_id int, total numeric, paid boolean, due timestamptz);
INSERT INTO invoices SELECT i, 1000 + i % 400, i, i % 2 = 0, now() FROM generate_series(1, 500) i;
