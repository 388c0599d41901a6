//! What is printed, and what is answered to wrong words and missing rights.

use super::Desk;
use crate::support::scene::done;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn plans_reasons_and_suggestions_are_printed() {
    let desk = Desk::new().await;
    desk.devdb(&["sample", "--users", "1", "--dry-run"])
        .code(0)
        .says("nothing was copied")
        .says("app.logs (user_id) has no index")
        .says("app.users (id) → app.orders (user_id)")
        .says("app.queue: none");
    desk.devdb(&["sample", "--users", "1", "--why", "app.plans:2"]).code(0).says("app.users 1: it is a seed row");
    desk.devdb(&["sample", "--users", "1", "--why", "app.plans:1"]).code(0).says("is not in the sample");
    desk.devdb(&["sample", "--rows", "app.orders:5", "--why", "app.users:5"]).code(0);
    desk.production
        .sql(
            "app",
            "CREATE TABLE app.tickets (id int PRIMARY KEY, user_id bigint); GRANT SELECT ON app.tickets TO reader",
        )
        .await;
    desk.production.sql("app", "INSERT INTO app.tickets SELECT n, n FROM generate_series(1, 9) n").await;
    desk.devdb(&["sample", "--suggest"])
        .code(0)
        .says("table: 'app.tickets', columns: ['user_id']")
        .says("9 of 9 values");

    std::fs::write(desk.path("users"), "1\n# not 2\n\n3\n").unwrap();
    desk.devdb(&["sample", "--users-file", "users", "--users", "4", "--dry-run"]).code(0).says("17 rows in 4 tables");
    let json = desk.devdb(&["sample", "--users", "1", "--dry-run", "--format", "json"]).code(0);
    let events: Vec<serde_json::Value> = json.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(events[0]["event"], "run_started");
    assert_eq!(
        (&events[events.len() - 1]["event"], &events[events.len() - 1]["exit"]),
        (&"run_finished".into(), &0.into())
    );
}

/// A login that fails says whose it is: of the source or of the destination, and which role.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_login_that_fails_names_the_side_and_the_role() {
    let desk = Desk::new().await;
    let into = desk.place();
    let words = ["sample", "--users", "1", "--into", &into];
    let wrong = done(desk.command(&words).env("PGPASSWORD", "wrong").output().unwrap()).code(3);
    let wrong =
        wrong.says("failed to connect to the destination 127.0.0.1").says("the login of dev to database app_sample");
    wrong.says("hint: check the user in the destination's URL");
    desk.config("\"%s\", r]", "\"%s\", wrong]");
    let wrong =
        desk.devdb(&words).code(3).says("failed to log in to the source").says("the login of reader to database app");
    wrong.says("hint: check the source's user and password");
    assert_eq!(desk.databases().await, ["postgres"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_words_are_answered_with_the_remedy() {
    let desk = Desk::new().await;
    desk.sample(&["--users", "1,99"]).code(2).says("app.users has no rows 99");
    desk.sample(&["--users", "kim"]).code(2).says("cannot be a value of app.users.id");
    desk.sample(&["--users", " , "]).code(2).says("no key of app.users given");
    desk.sample(&["--rows", "app.nothing:1"]).code(2).says("app.nothing");
    desk.sample(&["--rows", "orders:1"]).code(2).says("SCHEMA.TABLE:KEY");
    desk.sample(&["--where", "id = "]).code(1).says("syntax error");
    desk.sample(&["--users-file", "no such file"]).code(2).says("no such file");
    desk.sample(&[]).code(2);
    desk.sample(&["--users", "1", "--push"]).code(2).says("only an image can be pushed");
    desk.devdb(&["sample", "--users", "1"]).code(2);
    desk.devdb(&["sample", "--users", "1", "--into", "here"]).code(2).says("container://REPO:TAG");
    desk.devdb(&["load", "x", "--into", "archive:y"]).code(2).says("an archive can only be loaded into a database");
    desk.devdb(&["load", "x", "--into", &desk.place()]).code(3).says("x").says("hint: check the path");
    let config = std::fs::read_to_string(desk.path("devdb.yaml")).unwrap();
    std::fs::write(desk.path("devdb.yaml"), config.split("sample:").next().unwrap()).unwrap();
    desk.sample(&["--users", "1"]).code(2).says("no `sample` section in the configuration").says("root:");
    assert_eq!(desk.databases().await, ["postgres"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_reader_lacks_is_printed_as_grants() {
    let desk = Desk::new().await;
    desk.production.sql("app", "REVOKE SELECT ON app.queue FROM reader; REVOKE USAGE ON SCHEMA app FROM reader").await;
    desk.sample(&["--users", "1"]).code(3).says("reader").says("GRANT SELECT ON \"app\".\"queue\" TO \"reader\"");
    let doctor = desk.devdb(&["doctor", "--sample"]).code(3).says("cannot read");
    // What is printed is all that it takes, pasted as it is.
    desk.production.sql("app", "REVOKE ALL ON ALL TABLES IN SCHEMA app FROM reader").await;
    desk.production.sql("app", &doctor.out).await;
    desk.devdb(&["doctor", "--sample"]).code(0).says("reader may read every table").says("pg_dump");
    desk.sample(&["--users", "1"]).code(0);
    // Row security hides rows without a word, unless somebody looks.
    desk.production.sql("app", "ALTER TABLE app.logs ENABLE ROW LEVEL SECURITY").await;
    desk.sample(&["--users", "1", "--replace"]).code(3).says("row-level security hides rows of app.logs");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn partitions_in_schemas_of_their_own_need_rights_too() {
    let desk = Desk::new().await;
    desk.production
        .sql(
            "app",
            "CREATE SCHEMA parts; CREATE TABLE app.visits (id bigint PRIMARY KEY, user_id bigint REFERENCES app.users) PARTITION BY RANGE (id); \
             CREATE TABLE parts.visits_1 PARTITION OF app.visits FOR VALUES FROM (0) TO (100); \
             INSERT INTO app.visits VALUES (1, 1); GRANT SELECT ON app.visits TO reader",
        )
        .await;
    let doctor = desk.devdb(&["doctor", "--sample"]).code(3).says("GRANT USAGE ON SCHEMA \"parts\"");
    desk.sample(&["--users", "1"]).code(3).says("parts");
    desk.production.sql("app", &doctor.out).await;
    desk.sample(&["--users", "1"]).code(0);
    assert_eq!(desk.count("SELECT count(*) FROM app.visits").await, 1);
}
