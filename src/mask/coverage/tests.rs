use std::collections::BTreeSet;
use std::sync::Arc;

use super::*;
use crate::config::mask::{MaskOptions, MaskWord, PhoneKind, RawMask};
use crate::config::{ColumnPath, KeptType, Masking, Password, Reference, TablePath};
use crate::mask::{Key, Rule};
use crate::pg::catalog::{Column, ForeignKey, Form, Table, Type};

fn column(path: &str, kind: &str) -> Column {
    let mut parts = path.split('.').map(str::to_owned);
    let mut next = || parts.next().unwrap();
    Column {
        schema: next(),
        table: next(),
        name: next(),
        declared: format!("pg_catalog.{kind}"),
        base: Type {
            oid: kind.len() as u32,
            schema: "pg_catalog".into(),
            name: kind.into(),
            form: 'b',
            labels: vec![],
            inner: None,
            attributes: Arc::default(),
        },
        array: false,
        longest: None,
        modifier: -1,
        not_null: false,
        generated: false,
        identity: false,
        unique: Vec::new(),
        checks: Vec::new(),
        siblings: Arc::default(),
    }
}

fn table(path: &str, parent: Option<&str>) -> Table {
    let pair = |path: &str| {
        let (schema, name) = path.split_once('.').unwrap();
        (schema.to_owned(), name.to_owned())
    };
    let (schema, name) = pair(path);
    let parents: Vec<_> = parent.map(pair).into_iter().collect();
    Table { schema, name, form: Form::Ordinary, root: None, parents, primary_key: vec![], rows: None, bytes: 0 }
}

fn key(from: &str, to: &str) -> ForeignKey {
    let parts = |path: &str| path.split('.').map(str::to_owned).collect::<Vec<_>>();
    let (from, to) = (parts(from), parts(to));
    ForeignKey {
        schema: from[0].clone(),
        table: from[1].clone(),
        name: "fk".into(),
        columns: vec![from[2].clone()],
        to_schema: to[0].clone(),
        to_table: to[1].clone(),
        to_columns: vec![to[2].clone()],
        full: false,
        deferrable: false,
        validated: true,
    }
}

fn shop() -> Catalog {
    Catalog {
        columns: vec![
            column("app.users.id", "int8"),
            column("app.users.email", "text"),
            column("app.users.push_token", "text"),
            column("app.orders.user_id", "int8"),
            column("app.orders.note", "text"),
            column("app.logs.body", "text"),
            column("app.logs_1.body", "text"),
        ],
        tables: vec![
            table("app.users", None),
            table("app.orders", None),
            table("app.logs", None),
            table("app.logs_1", Some("app.logs")),
        ],
        foreign_keys: vec![key("app.orders.user_id", "app.users.id")],
    }
}

fn masking(rules: &[(&str, RawMask)], keep: &[&str]) -> Masking {
    let path = |text: &str| ColumnPath::parse(text).unwrap();
    Masking {
        rules: rules.iter().map(|(text, mask)| (path(text), mask.clone())).collect(),
        keep: keep.iter().map(|text| path(text)).collect(),
        keep_types: vec![KeptType::Integer],
        ..Masking::new(Password::Env("KEY".into()))
    }
}

const EMAIL: RawMask = RawMask::Word(MaskWord::Email);
const PHONE: RawMask = RawMask::Map(MaskOptions::Phone(PhoneKind::Kr));
const IDENTIFIER: RawMask = RawMask::Word(MaskWord::Identifier);

fn decision_of<'a>(coverage: &'a Coverage, path: &str) -> Option<&'a Decision> {
    coverage.decided.iter().find(|decided| decided.column.path() == path).map(|decided| &decided.decision)
}

fn problems(coverage: &Coverage) -> Vec<String> {
    coverage.problems.iter().map(ToString::to_string).collect()
}

#[test]
fn a_column_that_matches_no_entry_is_undecided() {
    let coverage = decide(&masking(&[("app.users.email", EMAIL)], &[]), &shop());
    let undecided: Vec<String> = coverage.undecided.iter().map(Column::path).collect();
    // The partition's column is the table's.
    assert_eq!(undecided, ["app.users.push_token", "app.orders.note", "app.logs.body"]);
    assert!(!coverage.is_complete() && coverage.problems.is_empty());
    let by_type = Decision::Kept { by: "keep_types: integer".into() };
    assert_eq!(decision_of(&coverage, "app.users.id"), Some(&by_type));
}

#[test]
fn a_full_name_precedes_stars_and_masks_precede_keep() {
    let rules = [("*.*_token", RawMask::Null), ("app.users.email", EMAIL)];
    let coverage = decide(&masking(&rules, &["app.*.*"]), &shop());
    assert!(coverage.is_complete(), "{coverage:?}");
    assert_eq!(decision_of(&coverage, "app.users.push_token").unwrap().rule(), Some(&Rule::Null));
    assert_eq!(decision_of(&coverage, "app.logs.body"), Some(&Decision::Kept { by: "app.*.*".into() }));
    let coverage = decide(&masking(&rules, &["app.*.*", "app.users.push_token"]), &shop());
    assert!(matches!(decision_of(&coverage, "app.users.push_token"), Some(Decision::Kept { .. })));
}

#[test]
fn contradictory_entries_are_reported() {
    let coverage = decide(&masking(&[("app.users.email", EMAIL)], &["app.users.email", "app.*.*"]), &shop());
    assert_eq!(
        problems(&coverage),
        ["column app.users.email matches contradictory entries: `app.users.email` and `app.users.email`"]
    );
    let coverage = decide(&masking(&[("users.em*", EMAIL), ("*.email", PHONE)], &["app.*.*"]), &shop());
    assert_eq!(
        problems(&coverage),
        ["column app.users.email matches contradictory entries: `users.em*` and `*.email`"]
    );
    let coverage = decide(&masking(&[("app.users.mail", EMAIL)], &["app.*.*"]), &shop());
    assert_eq!(coverage.unused, BTreeSet::from(["app.users.mail".to_owned()]));
}

#[test]
fn references_follow_a_masked_key() {
    let coverage = decide(&masking(&[("app.users.id", IDENTIFIER)], &["app.*.*"]), &shop());
    assert!(coverage.is_complete(), "{coverage:?}");
    let follows = Decision::Follows { rule: Rule::Identifier { within: None }, of: "app.users.id".into() };
    assert_eq!(decision_of(&coverage, "app.orders.user_id"), Some(&follows));
    let masks = compile_masks(&coverage, &Key::new("0123456789abcdef").unwrap()).unwrap();
    assert_eq!(masks.len(), 2);

    let coverage = decide(&masking(&[("app.users.id", IDENTIFIER)], &["app.*.*", "app.orders.user_id"]), &shop());
    let mismatch = "column app.orders.user_id is kept, but references app.users.id, which is masked by `identifier`";
    assert_eq!(problems(&coverage), [mismatch]);
    let coverage = decide(&masking(&[("app.orders.user_id", IDENTIFIER)], &["app.*.*"]), &shop());
    let mismatch = "column app.orders.user_id is masked by `identifier`, but references app.users.id, which is kept";
    assert_eq!(problems(&coverage), [mismatch]);
}

#[test]
fn configured_references_follow_too() {
    let mut catalog = shop();
    catalog.foreign_keys.clear();
    let path = |text: &str| TablePath::parse(text).unwrap();
    let mut reference = Reference {
        table: path("app.orders"),
        columns: vec!["user_id".into()],
        expression: None,
        condition: None,
        to: path("app.users"),
        key: vec!["id".into()],
    };
    let mut masking = masking(&[("app.users.id", IDENTIFIER)], &["app.*.*"]);
    masking.references = vec![reference.clone()];
    let coverage = decide(&masking, &catalog);
    assert!(matches!(decision_of(&coverage, "app.orders.user_id"), Some(Decision::Follows { .. })));
    catalog.columns[3] = column("app.orders.user_id", "int4!");
    let coverage = decide(&masking, &catalog);
    assert_eq!(
        problems(&coverage),
        ["column app.orders.user_id references the masked key app.users.id, but has another type"]
    );
    reference.key = vec!["nummer".into()];
    masking.references = vec![reference.clone()];
    let coverage = decide(&masking, &catalog);
    assert_eq!(problems(&coverage), ["`references`: column app.users.nummer does not exist"]);
    // The tables of another database.
    reference.table = TablePath { schema: "app".into(), table: "elsewhere".into() };
    masking.references = vec![reference];
    let coverage = decide(&masking, &catalog);
    assert_eq!(problems(&coverage), [""; 0]);
    assert_eq!(coverage.unused_references, BTreeSet::from(["from app.elsewhere to app.users".to_owned()]));
}

#[test]
fn a_mask_is_refused_for_the_constraints_of_a_partition() {
    let mut catalog = shop();
    catalog.columns[6].not_null = true;
    let coverage = decide(&masking(&[("app.logs.body", RawMask::Null)], &["app.*.*"]), &catalog);
    let problems = compile_masks(&coverage, &Key::new("0123456789abcdef").unwrap()).unwrap_err();
    assert_eq!(problems[0].to_string(), "the mask `null` cannot be used for app.logs_1.body: the column is NOT NULL");
}

#[test]
fn a_column_of_two_parents_needs_one_mask() {
    let mut catalog = shop();
    catalog.tables.extend([table("app.a", None), table("app.b", None), table("app.heir", Some("app.a"))]);
    catalog.tables.last_mut().unwrap().parents.push(("app".into(), "b".into()));
    catalog.columns.extend(["app.a.name", "app.b.name", "app.heir.name"].map(|path| column(path, "text")));
    let rules = [("app.users.email", EMAIL), ("app.b.name", EMAIL)];
    let coverage = decide(&masking(&rules, &["app.a.name", "app.*.*"]), &catalog);
    assert_eq!(
        problems(&coverage),
        ["column app.heir.name is inherited from `app.a` and `app.b`, which mask it differently"]
    );
    let rules = [("app.users.email", EMAIL), ("app.a.name", EMAIL), ("app.b.name", EMAIL)];
    assert!(problems(&decide(&masking(&rules, &["app.*.*"]), &catalog)).is_empty());
}

#[test]
fn an_expression_cannot_follow_a_masked_key() {
    let table = |table: &str| TablePath { schema: "app".into(), table: table.into() };
    let reference = Reference {
        table: table("logs"),
        columns: Vec::new(),
        expression: Some("body".into()),
        condition: None,
        to: table("users"),
        key: vec!["id".into()],
    };
    let with = |rules: &[(&str, RawMask)]| {
        let masking = Masking { references: vec![reference.clone()], ..masking(rules, &["app.*.*"]) };
        problems(&decide(&masking, &shop()))
    };
    assert!(with(&[]).is_empty());
    assert_eq!(
        with(&[("app.users.id", IDENTIFIER)]),
        ["`references`: an expression of app.logs references app.users.id, which is masked, and cannot follow it"]
    );
}

/// The rows of a partition are reached through its partitioned table, those of an inheriting table are not.
#[test]
fn an_inheriting_table_is_masked_by_itself() {
    let mut catalog = shop();
    let partition = Table { root: Some(("app".into(), "logs".into())), ..table("app.logs_1", Some("app.logs")) };
    catalog.tables.retain(|table| table.name != "logs_1");
    catalog.tables.extend([partition, table("app.vip", Some("app.users")), table("app.vip_old", Some("app.vip"))]);
    catalog.columns.extend(["app.vip.email", "app.vip_old.email"].map(|path| column(path, "text")));
    let rules = [("app.users.email", EMAIL), ("app.logs.body", RawMask::Null)];
    let coverage = decide(&masking(&rules, &["app.*.*"]), &catalog);
    let masks = compile_masks(&coverage, &Key::new("0123456789abcdef").unwrap()).unwrap();
    let tables: Vec<String> = masks.keys().map(ToString::to_string).collect();
    assert_eq!(tables, ["app.logs", "app.users", "app.vip", "app.vip_old"]);
    let originals: Vec<String> = coverage.originals().map(|(table, column, _)| format!("{table}.{column}")).collect();
    assert_eq!(originals.len(), 4, "{originals:?}");
}

/// An entry for a column of an inheriting table or a partition is used if it says what decides, and contradicts otherwise.
#[test]
fn an_entry_of_an_inherited_column_is_not_unused() {
    let mut catalog = shop();
    catalog.tables.push(table("app.vip", Some("app.users")));
    catalog.columns.extend(["app.vip.email", "app.vip.push_token"].map(|path| column(path, "text")));
    let with = |mask: RawMask, keep: &[&str]| {
        let rules = [("app.users.email", EMAIL), ("app.vip.email", mask)];
        decide(&masking(&rules, keep), &catalog)
    };
    let same = with(EMAIL, &["app.*.*", "app.vip.push_token", "app.logs_1.body"]);
    assert_eq!((same.unused.len(), problems(&same)), (0, Vec::new()), "{:?}", same.unused);
    let other = with(RawMask::Null, &["app.*.*"]);
    assert_eq!(
        problems(&other),
        ["column app.vip.email is decided by that of app.users, which contradicts its own entry `app.vip.email`"]
    );
    let missing = masking(&[("app.users.email", EMAIL)], &["app.*.*", "app.vip.no_such"]);
    assert_eq!(decide(&missing, &catalog).unused, BTreeSet::from(["app.vip.no_such".to_owned()]));
}
