//! Old-style partitions.

use super::*;

/// Old-style partitions: the rows of tables that inherit are masked as their parent's, whether a mask, a script or a
/// reference decides.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_of_inheriting_tables_are_masked_like_their_parents() {
    let sql = "
        CREATE TABLE member (id int, first_name text, born date, email text UNIQUE, at date);
        CREATE TABLE \"Member 2023\" (extra text, CHECK (at < '2024-01-01')) INHERITS (member);
        CREATE TABLE member_2024 (CHECK (at >= '2024-01-01')) INHERITS (member);
        CREATE TABLE member_2024_q1 () INHERITS (member_2024);
        INSERT INTO member SELECT i, 'Zebquast' || i, date '1970-01-01' + i * 37, 'zeb' || i || '@corp.kr', '2022-05-01' FROM generate_series(1, 20) i;
        INSERT INTO \"Member 2023\" SELECT i, 'Thadombreg' || i, date '1970-01-01' + i * 37, 'thad' || i || '@corp.kr', '2023-05-01', 'x' FROM generate_series(21, 40) i;
        INSERT INTO member_2024 SELECT i, 'Pippasloot' || i, date '1970-01-01' + i * 37, 'pippa' || i || '@corp.kr', '2024-05-01' FROM generate_series(41, 60) i;
        INSERT INTO member_2024_q1 SELECT i, 'Cordyzand' || i, date '1970-01-01' + i * 37, 'cordy' || i || '@corp.kr', '2024-02-01' FROM generate_series(61, 80) i;
        GRANT SELECT ON ALL TABLES IN SCHEMA public TO PUBLIC";
    let desk = Desk::with(sql).await;
    let rules = format!(
        "version: 1\ntargets:\n  dev:\n    platform: {{ local: {{ root: ., master_user: master }} }}\n    source: {{ instance: prod }}\n    generation: {{ prefix: app-dev- }}\n    record: {{ name: dev }}\n    databases: [{{ name: app }}]\n    master_password: generate\nmask:\n  databases: [\"127.0.0.1:{}/app\"]\n  key: env:DEVDB_MASK_KEY\n  rules:\n    public.member: {{ first_name: {{ fake: english_given_name }}, \
         born: {{ date: year }}, email: email }}\n  keep: [public.member.id, public.member.at, public.Member 2023.extra]\n",
        desk.place()
    );
    std::fs::write(
        desk.path("devdb.yaml"),
        rules.replace("public.Member 2023.extra", "'public.\"Member 2023\".extra'"),
    )
    .unwrap();
    desk.devdb(&["scrub"]).code(0);
    let data = desk.dump(&["-a"]);
    for original in ["quast", "ombreg", "sloot", "zand", "corp.kr"] {
        assert!(!data.contains(original), "{original} is in\n{data}");
    }
    let row = desk
        .cluster
        .superuser("app")
        .await
        .query_one("SELECT count(*), count(*) FILTER (WHERE born = date '1970-01-01' + id * 37) / 5, count(DISTINCT tableoid) FROM member", &[])
        .await
        .unwrap();
    assert_eq!((row.get::<_, i64>(0), row.get::<_, i64>(1), row.get::<_, i64>(2)), (80, 0, 4));
}
