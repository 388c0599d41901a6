//! Masks of dates, addresses, bytes, enums, JSON and arrays, and types that no mask accepts.

use devdb::mask::RefusalReason;

use super::{EXAMPLE_KEY, compiled, pairs, refused};
use crate::on_every_version;
use crate::support::cluster::{Cluster, Version};

on_every_version!(other_types);

#[expect(clippy::too_many_lines, reason = "a table of types")]
async fn other_types(version: Version) {
    let cluster = Cluster::start(&version, &[]).await;
    let session = cluster.with_master().await;
    session
        .run(
            "CREATE TYPE tier AS ENUM ('free', 'gold', 'it''s'); \
             CREATE TABLE t (id int, born date, seen timestamptz, made timestamp, host inet, net cidr, raw bytea, tier tier, doc jsonb, old json, \
                             tags text[], ids bigint[], uuids uuid[], amount numeric, span int4range); \
             INSERT INTO t VALUES \
             (1, '1988-04-17', '2024-02-29 23:59:59.5+00', '2024-02-29 23:59:59.5', '121.160.12.7', '10.0.0.0/8', '\\x00ff', 'gold', \
              '{\"user\": {\"email\": \"a@b.c\", \"n\": 7}, \"list\": [{\"p\": \"010-1234-5678\"}, 5], \"deep\": {\"x\": {\"y\": 1}}, \"t\": true}', \
              '{\"user\": {\"email\": \"a@b.c\"}}', ARRAY['a@b.c', NULL, '', 'd@e.f'], ARRAY[1, 2, 3], ARRAY['0b0c4b6a-6c1f-4a39-9a53-7d3b5f0a1d11']::uuid[], 1, '[1,2)'), \
             (2, 'infinity', '-infinity', 'infinity', '2001:db8:ffff::1', '2001:db8::/32', '', 'free', '[1, {\"user\": 3}]', '\"a@b.c\"', '{}', NULL, '{}', 2, NULL), \
             (3, '5874897-12-31', '294276-12-31 23:59:59+00', '4713-01-01 BC', NULL, NULL, NULL, NULL, '\"text\"', 'null', '{{a,b},{c,d}}', NULL, NULL, NULL, NULL), \
             (4, '4713-01-01 BC', NULL, NULL, NULL, NULL, NULL, NULL, '{\"user\": [1, 2]}', NULL, NULL, NULL, NULL, NULL, NULL), \
             (5, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '{\"user\": {\"email\": {\"secret\": \"a@b.c\"}}}', NULL, NULL, NULL, NULL, NULL, NULL)",
        )
        .await
        .unwrap();
    let masked = async |mask: &str, name: &str| -> Vec<Option<String>> {
        let expression = compiled(&session, mask, &format!("public.t.{name}"), EXAMPLE_KEY).await;
        let before = pairs(&session, "t", name, &expression).await;
        session
            .run("SET DateStyle = 'German'; SET TimeZone = 'Asia/Seoul'; SET IntervalStyle = 'sql_standard'")
            .await
            .unwrap();
        let sql = format!("SELECT ({})::text FROM t ORDER BY id", expression.sql);
        session.query(&sql, &[]).await.unwrap_or_else(|error| panic!("{mask}: {error}"));
        session.run("RESET ALL").await.unwrap();
        before.into_iter().map(|pair| pair.1).collect()
    };
    for name in ["born", "seen", "made"] {
        let year = masked("date: year", name).await;
        let month = masked("date: month", name).await;
        let shift = masked("date: { shift: 10 }", name).await;
        let prefix = if name == "born" { ("1988-", "1988-04-") } else { ("2024-", "2024-02-") };
        assert!(year[0].as_ref().unwrap().starts_with(prefix.0), "{year:?}");
        assert!(month[0].as_ref().unwrap().starts_with(prefix.1), "{month:?}");
        assert!(year[1].as_ref().unwrap().ends_with("infinity"), "{year:?}");
        let [original] = [if name == "born" { "1988-04-17" } else { "2024-02-29 23:59:59" }];
        assert!(!shift[0].as_ref().unwrap().starts_with(original), "{shift:?}");
    }
    // The output for an instant does not depend on the time zone of the session.
    let instant = compiled(&session, "date: year", "public.t.seen", EXAMPLE_KEY).await.sql;
    let sql = format!("SELECT extract(epoch FROM {instant})::int8 FROM t WHERE id = 1");
    let here: i64 = session.query_one(&sql, &[]).await.unwrap().get(0);
    session.run("SET TimeZone = 'Pacific/Kiritimati'").await.unwrap();
    assert_eq!(session.query_one(&sql, &[]).await.unwrap().get::<_, i64>(0), here);
    session.run("RESET ALL").await.unwrap();

    let host = masked("ip", "host").await;
    assert!(host[1].as_ref().unwrap().starts_with("2001:db8::"), "{host:?}");
    masked("ip", "net").await;
    let raw = masked("bytes", "raw").await;
    assert!(
        raw[0].as_ref().is_some_and(|raw| raw.len() == 6 && raw != "\\x00ff") && raw[1].as_deref() == Some("\\x"),
        "{raw:?}"
    );
    let tier = masked("enum: { by: id }", "tier").await;
    assert!(tier[0].is_some() && tier[2].is_none());

    let doc =
        masked("json: { $.user.email: email, \"$.list[0].p\": { phone: kr }, $.deep: username, $.t: username }", "doc")
            .await;
    let first: serde_json::Value = serde_json::from_str(doc[0].as_ref().unwrap()).unwrap();
    assert!(first["user"]["email"].as_str().unwrap().ends_with("@example.com") && first["user"]["n"] == 7, "{first}");
    assert!(first["list"][0]["p"].as_str().unwrap().starts_with("010-") && first["list"][1] == 5, "{first}");
    assert!(first["list"][0]["p"] != "010-1234-5678" && first["deep"].is_null() && first["t"] == true, "{first}");
    assert_eq!(doc[1].as_deref(), Some("[1, {\"user\": 3}]"));
    assert_eq!(doc[2].as_deref(), Some("\"text\""));
    assert_eq!(doc[3].as_deref(), Some("{\"user\": [1, 2]}"));
    // An object in the place of a value becomes null.
    assert_eq!(doc[4].as_deref(), Some("{\"user\": {\"email\": null}}"));
    // The value inside is the same as in a column with the same address.
    session.run("CREATE TABLE u (id int, email text); INSERT INTO u VALUES (1, 'a@b.c')").await.unwrap();
    let email = compiled(&session, "email", "public.u.email", EXAMPLE_KEY).await;
    let email = pairs(&session, "u", "email", &email).await.remove(0).1.unwrap();
    assert_eq!(first["user"]["email"], email.as_str());
    assert!(masked("json: { $.user.email: email }", "old").await[0].as_ref().unwrap().contains(&email));

    let tags = masked("email", "tags").await;
    assert!(tags[0].as_ref().unwrap().starts_with(&format!("{{{email},NULL,\"\",u")), "{tags:?}");
    assert_eq!(tags[1].as_deref(), Some("{}"));
    assert_eq!(tags[2].as_ref().unwrap().matches('@').count(), 4);
    masked("identifier", "ids").await;
    masked("uuid", "uuids").await;
    assert!(compiled(&session, "email", "public.t.tags", EXAMPLE_KEY).await.subquery);

    for (mask, name) in [
        ("email", "amount"),
        ("email", "span"),
        ("identifier", "amount"),
        ("text: lorem", "doc"),
        ("date: year", "doc"),
        ("fixed: 1", "span"),
        ("json: { $.a: email }", "raw"),
        ("enum: { by: id }", "doc"),
    ] {
        let refusal = refused(&session, mask, &format!("public.t.{name}")).await;
        assert!(matches!(refusal.reason, RefusalReason::Type { .. }), "{refusal}");
        assert!(refusal.to_string().contains(&format!("public.t.{name}")) && !refusal.remedy().is_empty());
    }
    for (mask, name) in
        [("enum: { by: nobody }", "tier"), ("enum: { by: seen }", "tier"), ("date: { shift: 3, by: doc }", "born")]
    {
        assert!(matches!(refused(&session, mask, &format!("public.t.{name}")).await.reason, RefusalReason::By { .. }));
    }
    assert!(matches!(refused(&session, "fixed: platinum", "public.t.tier").await.reason, RefusalReason::Label { .. }));
    assert!(matches!(refused(&session, "fixed: soon", "public.t.born").await.reason, RefusalReason::Value { .. }));
}
