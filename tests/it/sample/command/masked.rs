//! What leaves the source: masked, or not at all.

use super::Desk;
use crate::on_14_to_18;
use crate::support::cluster::Version;
use crate::support::scene::done;

on_14_to_18!(production_is_masked_on_the_way_and_left_as_it_was);

async fn production_is_masked_on_the_way_and_left_as_it_was(version: Version) {
    let desk = Desk::on(&version).await;
    let before = desk.trace().await;
    let said =
        desk.sample(&["--users", "1, 2,2", "-v"]).code(0).says("masked while it is read").says("app.orders: 6 rows");
    said.says("COMMENT ON TABLE app.users").says("psql postgres://dev@127.0.0.1");
    assert_eq!(desk.trace().await, before);
    let written = desk.dump(desk.laptop.port(), "app_sample");
    assert!(!written.contains("customer.example") && !written.contains("김철수"), "{written}");
    let sql =
        "SELECT count(*) FROM app.orders o JOIN app.users u ON u.id = o.user_id AND o.payload ->> 'mail' = u.email";
    assert_eq!(desk.count(sql).await, 6);
    assert_eq!(desk.count("SELECT count(*) FROM app.plans").await, 2);
    assert_eq!(desk.count("SELECT count(*) FROM app.queue").await, 0);
    assert_eq!(desk.count("SELECT nextval('app.orders_id_seq')").await, 81 + 2);

    // What is there is only replaced when that is asked for, and then wholly.
    desk.sample(&["--users", "3"]).code(3).says("is not empty").says("--replace");
    desk.sample(&["--replace", "--where", "plan_id = 2 AND id > 10", "--limit", "4"]).code(0);
    assert_eq!(desk.count("SELECT sum(id)::bigint FROM app.users").await, 11 + 13 + 15 + 17);
    assert_eq!(desk.databases().await, ["app_sample", "postgres"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_masked_does_not_leave() {
    let desk = Desk::new().await;
    let refused = |words: &[&str]| {
        let mut done = desk.sample(&["--users", "1"]).code(7);
        for word in words {
            done = done.says(word);
        }
    };
    desk.config("app.queue.*]", "app.queue.id]");
    refused(&["neither masked nor kept: app.queue.body", "body: email #"]);
    desk.config("app.queue.id]", "app.queue.*]");
    // Kept on purpose, and wrongly so.
    desk.config("    app.orders.payload: { json: { $.mail: { email: { domain: dev.example } } } }\n", "");
    desk.config("app.queue.*]", "app.queue.*, app.orders.payload]");
    refused(&[
        "in 3 rows of app.orders.payload",
        "personal data found in 1 column of the sample",
        "nothing was changed",
    ]);
    desk.config("app.queue.*, app.orders.payload]", "app.queue.*]\n  scripted: [app.orders.payload]");
    std::fs::create_dir_all(desk.path("scripts/10-scrub")).unwrap();
    std::fs::write(desk.path("scripts/10-scrub/10.sql"), "UPDATE app.orders SET payload = '{}';\n").unwrap();
    desk.config("[{ name: app }]", "[{ name: app, postproc: scripts }]");
    refused(&["only scripts mask app.orders.payload"]);
    // A table without rows in the sample needs none of that.
    desk.config("  root: app.users\n", "  root: app.users\n  tables: { app.orders: none }\n");
    desk.sample(&["--users", "1"]).code(0);
    assert_eq!(desk.count("SELECT count(*) FROM app.orders").await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_column_is_told_by_name() {
    let desk = Desk::new().await;
    let url = format!("postgres://reader@127.0.0.1:{}/app", desk.production.port());
    let accept = desk.command(&["coverage", "--accept", "--database", &url]).env("PGPASSWORD", "r").output().unwrap();
    done(accept).code(0);
    desk.production.sql("app", "ALTER TABLE app.users ADD COLUMN referrer_id bigint").await;
    desk.sample(&["--users", "1"]).code(7).says("app.users.referrer_id").says("devdb.lock");
    assert_eq!(desk.databases().await, ["postgres"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mask_of_another_type_arrives_as_the_columns() {
    let desk = Desk::new().await;
    desk.production.sql("app", "ALTER TABLE app.plans ADD price bigint DEFAULT 500; ALTER TABLE app.plans ADD since timestamp DEFAULT '2020-02-02 02:02'").await;
    let rules = "  rules:\n    app.plans: { price: { sql: \"price * 0.5::float8\" }, since: { sql: \"since::timestamptz\" } }\n";
    desk.config("  rules:\n", rules);
    desk.sample(&["--users", "1"]).code(0);
    assert_eq!(desk.count("SELECT price FROM app.plans").await, 250);
    assert_eq!(desk.count("SELECT extract(year FROM since)::int8 FROM app.plans").await, 2020);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_error_never_quotes_a_value() {
    let desk = Desk::new().await;
    desk.production
        .sql(
            "app",
            "CREATE TABLE app.people (email text PRIMARY KEY, extra text); \
             CREATE TABLE app.letters (id integer PRIMARY KEY, email text REFERENCES app.people); \
             INSERT INTO app.people VALUES ('kim@customer.example', 'kim@customer.example'); \
             INSERT INTO app.letters VALUES (1, 'kim@customer.example'); GRANT SELECT ON ALL TABLES IN SCHEMA app TO reader",
        )
        .await;
    let rules = "  rules:\n    app.people: { email: email, extra: { sql: \"(extra::int)::text\" } }\n";
    desk.config("  rules:\n", rules);
    // `Desk::devdb` looks for the value in what is said.
    let words = ["sample", "--rows", "app.letters:1", "--into", &desk.place()];
    desk.devdb(&words).code(1).says("invalid input syntax for type integer: \"…\"");
}
