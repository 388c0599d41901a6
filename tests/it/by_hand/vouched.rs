//! Constraints of masked columns: what is not proved is refused with the entry that vouches for it, and a vouched mask that
//! violates its constraint changes nothing.

use super::Desk;

fn configure(desk: &Desk, masking: &str) {
    let text = format!(
        "version: 1\ntargets:\n  app-dev:\n    platform: {{ local: {{ root: ./devdb }} }}\n    source: {{ instance: app-prod }}\n\
         \x20   generation: {{ prefix: app-dev- }}\n    record: {{ name: app-dev }}\n    databases: [{{ name: app }}]\n\
         mask:\n  key: env:DEVDB_MASK_KEY\n  databases: ['127.0.0.1:{}/app']\n{masking}",
        desk.place()
    );
    std::fs::write(desk.path("devdb.yaml"), text).unwrap();
}

const BRANCHES: &str = "\
    CREATE TABLE branch (id int PRIMARY KEY, phone text CONSTRAINT one_form CHECK (phone ~ '^01[016789]-[0-9]{3,4}-[0-9]{4}$'), boss text); \
    INSERT INTO branch SELECT g, '010-1234-' || 1000 + g, 'Kim Minsu ' || g FROM generate_series(1, 40) g; \
    ALTER TABLE branch ENABLE ROW LEVEL SECURITY; ALTER TABLE branch FORCE ROW LEVEL SECURITY";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_message_offers_the_entry_that_vouches() {
    let desk = Desk::with(BRANCHES).await;
    let rules = |phone: &str| {
        configure(&desk, &format!("  rules:\n    {phone}\n    public.branch.boss: username\n  keep: ['*.id']\n"));
    };
    rules("public.branch.phone: { phone: kr }");
    let line = "public.branch.phone: { vouch: { mask: {\"phone\":\"kr\"}, constraints: [\"one_form\"] } }";
    let refused = desk.devdb(&["scrub"]).code(7).says("may violate one_form").says(line);
    assert!(!refused.err.contains("1234"), "{}", refused.err);

    // One row of a form that the mask does not keep: nothing was changed, not even the other column or table.
    rules(line);
    let superuser = desk.cluster.superuser("app").await;
    superuser.run("INSERT INTO branch VALUES (99, '011-123-4567', 'Lee Seoyeon')").await.unwrap();
    let with_row = desk
        .cluster
        .superuser("app")
        .await
        .query_one("SELECT md5(string_agg(b::text, ',' ORDER BY id)) FROM branch b", &[])
        .await
        .unwrap();
    desk.devdb(&["scrub"]).code(3).says("public.branch: masked values violate one_form");
    let still =
        superuser.query_one("SELECT md5(string_agg(b::text, ',' ORDER BY id)) FROM branch b", &[]).await.unwrap();
    assert_eq!(still.get::<_, String>(0), with_row.get::<_, String>(0));
    let forced: bool = superuser
        .query_one("SELECT relforcerowsecurity FROM pg_class WHERE relname = 'branch'", &[])
        .await
        .unwrap()
        .get(0);
    assert!(forced);

    // Without it the mask holds what it vouches for, in every row that policies hide from the owner.
    superuser.run("DELETE FROM branch WHERE id = 99; DROP SCHEMA IF EXISTS devdb_meta CASCADE").await.unwrap();
    desk.devdb(&["scrub"]).code(0).says("no original was found").says("40 rows");
    let left = "SELECT count(*) FROM branch WHERE boss LIKE 'Kim%' OR phone = '010-1234-' || 1000 + id";
    assert_eq!(superuser.query_one(left, &[]).await.unwrap().get::<_, i64>(0), 0);
    assert!(desk.schema().contains("one_form"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn values_that_repeat_are_found_before_a_unique_index_is_rebuilt() {
    let desk = Desk::with(
        "CREATE TABLE seller (id int PRIMARY KEY, name text NOT NULL CONSTRAINT one_name UNIQUE); \
         INSERT INTO seller SELECT g, 'Seller number ' || g FROM generate_series(1, 2000) g",
    )
    .await;
    configure(
        &desk,
        "  rules:\n    public.seller.name: { vouch: { mask: { fake: korean_name }, constraints: [one_name] } }\n  keep: ['*.id']\n",
    );
    desk.devdb(&["scrub"]).code(3).says("public.seller: masked values violate one_name");
    let superuser = desk.cluster.superuser("app").await;
    let kept = "SELECT count(*) FROM seller WHERE name = 'Seller number ' || id";
    assert_eq!(superuser.query_one(kept, &[]).await.unwrap().get::<_, i64>(0), 2000);
    // The author of an expression vouches for it in the same way.
    configure(
        &desk,
        "  rules:\n    public.seller.name: { sql: { expression: \"nullif('x' || id, 'x7')\", vouch: [one_name, NOT NULL] } }\n  keep: ['*.id']\n",
    );
    desk.devdb(&["scrub"]).code(3).says("public.seller: masked values violate NOT NULL of \"name\"");
}

/// The server rebuilds the index of such a key, and foreign keys depend on that index.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_that_include_a_masked_column_keep_their_foreign_keys() {
    let desk = Desk::with(
        "CREATE TABLE actor (id int, code text, stage_name varchar(40) NOT NULL, CONSTRAINT actor_key PRIMARY KEY (id) INCLUDE (stage_name), \
             CONSTRAINT actor_code UNIQUE (code) INCLUDE (stage_name)); \
         CREATE TABLE role (id int PRIMARY KEY, actor int REFERENCES actor ON DELETE CASCADE, code text REFERENCES actor (code)); \
         INSERT INTO actor SELECT g, 'a' || g, 'Hanna Novak ' || g FROM generate_series(1, 30) g; \
         INSERT INTO role SELECT g, g, 'a' || g FROM generate_series(1, 30) g",
    )
    .await;
    configure(
        &desk,
        "  rules:\n    public.actor.stage_name: username\n  keep: ['*.id', '*.code', public.role.actor]\n",
    );
    let before = desk.schema();
    desk.devdb(&["scrub"]).code(0).says("no original was found");
    assert_eq!(desk.schema(), before);
    let superuser = desk.cluster.superuser("app").await;
    let valid = "SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND convalidated";
    assert_eq!(superuser.query_one(valid, &[]).await.unwrap().get::<_, i64>(0), 2);
    let kept = "SELECT count(*) FROM actor WHERE stage_name LIKE 'Hanna%'";
    assert_eq!(superuser.query_one(kept, &[]).await.unwrap().get::<_, i64>(0), 0);
}
