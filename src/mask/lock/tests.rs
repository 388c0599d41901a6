use std::collections::BTreeMap;

use super::schema::plain_type;
use super::*;
use crate::config::TablePath;

fn path(schema: &str, table: &str) -> TablePath {
    TablePath { schema: schema.into(), table: table.into() }
}

fn lock() -> Lock {
    let columns =
        |columns: &[(&str, &str)]| columns.iter().map(|(name, is)| ((*name).to_owned(), (*is).to_owned())).collect();
    Lock {
        tables: BTreeMap::from([
            (
                path("public", "users"),
                columns(&[
                    ("email", "varchar(320) not null"),
                    ("id", "int8 not null identity"),
                    ("plan", "public.plan"),
                ]),
            ),
            (
                path("we.ird", "Us\"e: r's"),
                columns(&[("", "text"), ("null", "text"), ("a: b #c", "\"My Type\".\"x\"[]"), ("주문 번호", "int4")]),
            ),
            (path("public", "empty"), BTreeMap::new()),
        ]),
        enums: BTreeMap::from([(
            path("public", "plan"),
            vec!["free".into(), "no".into(), "it's: 한글".into(), "".into()],
        )]),
        references: vec![
            "public.posts (author) -> public.users (id)".into(),
            "public.\"a.b\" (x, y) -> public.t (x, y)".into(),
        ],
    }
}

#[test]
fn a_rendered_file_parses_to_the_same() {
    let databases = BTreeMap::from([("app".to_owned(), lock()), ("my db".to_owned(), Lock::default())]);
    let text = render(&databases);
    assert_eq!(parse(&text).unwrap_or_else(|error| panic!("{error}\n{text}")), databases);
    assert!(text.contains("\n        email: varchar(320) not null\n"), "{text}");
    assert!(text.contains("\n      - public.posts (author) -> public.users (id)\n"), "{text}");
    assert_eq!(render(&parse(&text).unwrap()), text, "the same text every time");
    assert_eq!(parse(&render(&BTreeMap::new())).unwrap(), BTreeMap::new());
}

#[test]
fn errors_have_their_line() {
    for (text, line, fragment) in [
        ("version: 2\ndatabases: {}\n", 1, "version 2"),
        ("version: 1\ndatabases:\n  app:\n    tables:\n      users: {}\n", 5, "not a name with a schema"),
        ("version: 1\ndatabases:\n  app:\n    tabels: {}\n", 4, "tabels"),
        ("version: 1\ndatabases: [\n", 2, ""),
        ("<<<<<<< HEAD\nversion: 1\n", 1, ""),
        ("", 1, ""),
    ] {
        let error = parse(text).unwrap_err();
        assert!(error.message.contains(fragment) && error.line >= line, "{text}: {error}");
    }
}

#[test]
fn drift_is_named() {
    let old = lock();
    let mut new = lock();
    assert_eq!(drift(&old, &new), []);
    let users = new.tables.get_mut(&path("public", "users")).unwrap();
    users.insert("nickname".into(), "varchar(80)".into());
    users.insert("email".into(), "text not null".into());
    users.remove("plan");
    new.tables.insert(path("public", "leads"), BTreeMap::from([("a.b".into(), "text".into())]));
    new.tables.remove(&path("public", "empty"));
    new.enums.insert(path("public", "plan"), vec!["vip".into(), "free".into(), "it's: 한글".into(), "".into()]);
    new.references = vec!["public.leads (x) -> public.users (id)".into(), old.references[1].clone()];
    let found: Vec<String> = drift(&old, &new).iter().map(ToString::to_string).collect();
    assert_eq!(
        found,
        [
            "table public.leads (1 column) is new since devdb.lock",
            "column public.users.email changed from varchar(320) not null to text not null",
            "column public.users.nickname (varchar(80)) is new since devdb.lock",
            "label 'vip' of enum public.plan is new since devdb.lock",
            "foreign key public.leads (x) -> public.users (id) is new since devdb.lock",
            "table public.empty no longer exists",
            "column public.users.plan no longer exists",
            "label 'no' of enum public.plan no longer exists",
            "foreign key public.posts (author) -> public.users (id) no longer exists",
        ]
    );
    assert_eq!(drift(&old, &new).iter().filter(|drift| drift.needs_review()).count(), 5);
}

#[test]
fn types_lose_quotes_and_pg_catalog() {
    for (declared, plain) in [
        ("\"pg_catalog\".\"varchar\"(80)", "varchar(80)"),
        ("\"pg_catalog\".\"text\"[]", "text[]"),
        ("\"app\".\"email_address\"", "app.email_address"),
        ("\"Our App\".\"T\"", "\"Our App\".\"T\""),
    ] {
        assert_eq!(plain_type(declared), plain);
    }
}
