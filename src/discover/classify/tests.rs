use std::collections::BTreeMap;
use std::sync::Arc;

use crate::config::KeptType;
use crate::discover::classify::*;
use crate::pg::catalog::{Column, IndexKey, Type, Unique};

fn column(name: &str, kind: &str) -> Column {
    let (kind, array) = kind.strip_suffix("[]").map_or((kind, false), |kind| (kind, true));
    let base = Type {
        oid: 1,
        schema: "pg_catalog".into(),
        name: kind.into(),
        form: 'b',
        labels: Vec::new(),
        inner: None,
        attributes: Default::default(),
    };
    Column {
        schema: "public".into(),
        table: "things".into(),
        name: name.into(),
        declared: format!("pg_catalog.{kind}"),
        base: base.clone(),
        array,
        longest: None,
        modifier: -1,
        not_null: true,
        generated: false,
        identity: false,
        unique: Vec::new(),
        checks: Vec::new(),
        siblings: Arc::new(BTreeMap::from([(name.to_owned(), base)])),
    }
}

fn proposed(column: &Column, values: &[&str]) -> Proposal {
    let values: Vec<String> = values.iter().map(|value| (*value).to_owned()).collect();
    let found = classify(column, &values, false);
    assert!(values.iter().all(|value| value.len() < 8 || !found.reason.contains(value.as_str())), "{}", found.reason);
    found.proposal
}

fn mask(written: &str) -> Proposal {
    Proposal::Mask(written.into())
}

#[test]
fn values_decide_if_names_do_not() {
    let text = |name: &str| column(name, "text");
    assert_eq!(proposed(&text("a"), &["kim@naver.com", "lee@daum.net"]), mask("email"));
    assert_eq!(proposed(&text("a"), &["010-1234-5678", "+82 10-1234-5678"]), mask("{ phone: kr }"));
    assert_eq!(proposed(&text("a"), &["415-555-2671", "212-456-7890"]), mask("{ phone: us }"));
    assert_eq!(proposed(&text("a"), &["+442071838750", "+4930123456789"]), mask("{ phone: e164 }"));
    assert_eq!(proposed(&text("a"), &["4539000736878721"]), mask("card"));
    assert_eq!(proposed(&text("a"), &["call 010-1234-5678", "no", "perhaps", "never"]), mask("{ text: lorem }"));
    assert_eq!(proposed(&text("a"), &["121.160.12.7", "10.0.0.1"]), mask("ip"));
    let people = [
        "김민수",
        "이서연",
        "박도윤",
        "최지우",
        "정하은",
        "강서준",
        "조예준",
        "윤시우",
        "장하준",
        "임지호",
        "한주원",
        "오지후",
    ];
    assert_eq!(proposed(&text("a"), &people), mask("{ fake: korean_name }"));
    let hangul: Vec<&str> = ["대표", "팀장", "인턴", "전시회"].into_iter().cycle().take(40).collect();
    assert_eq!(proposed(&text("a"), &hangul), Proposal::Keep);
    assert_eq!(proposed(&text("a"), &["xyzzy"]), Proposal::Unknown);
    assert_eq!(proposed(&text("a"), &[]), Proposal::Unknown);
}

#[test]
fn names_decide_if_values_do_not() {
    let text = |name: &str| column(name, "text");
    assert_eq!(proposed(&text("email"), &[]), mask("email"));
    assert_eq!(proposed(&text("휴대폰"), &[]), mask("{ phone: kr }"));
    assert_eq!(proposed(&text("api_key"), &["x"]), mask("uuid"));
    assert_eq!(proposed(&Column { not_null: false, ..text("api_key") }, &["x"]), mask("null"));
    assert_eq!(proposed(&text("memo"), &["ok"]), mask("{ text: lorem }"));
    assert_eq!(proposed(&column("birth_date", "date"), &[]), mask("{ date: year }"));
    assert_eq!(proposed(&column("phone", "int8"), &[]), mask("identifier"));
    assert_eq!(proposed(&column("issued", "date"), &[]), Proposal::KeepType(KeptType::Date));
    assert_eq!(proposed(&column("email_verified", "bool"), &[]), Proposal::KeepType(KeptType::Boolean));
    assert_eq!(proposed(&column("emails", "text[]"), &[]), mask("email"));
    assert_eq!(proposed(&column("sha256", "bytea"), &[]), Proposal::Keep);
    assert_eq!(proposed(&column("avatar", "bytea"), &[]), mask("bytes"));
    assert_eq!(proposed(&column("remote", "inet"), &[]), mask("ip"));
    // A unique name cannot be taken from a list.
    let key = Unique {
        name: "k".into(),
        keys: vec![IndexKey::Column("full_name".into())],
        predicate: None,
        nulls_not_distinct: false,
        exclusion: false,
    };
    let unique = Column { unique: vec![key], ..text("full_name") };
    assert_eq!(proposed(&unique, &[]), mask("username"));
    let found = classify(&text("email"), &["a@b.kr".into(), "c@d.kr".into(), "nobody".into()], false);
    assert_eq!(found.reason, "the name suggests e-mail addresses; 2 of 3 sampled values are e-mail addresses");
    assert_eq!(found.confidence, Confidence::Certain);
}

#[test]
fn documents_are_masked_by_path() {
    let settings = column("settings", "jsonb");
    let one = r#"{"theme": "dark", "notify": {"email": "kim@naver.com", "sms": "010-1234-5678"}, "a b.c": {"phone": "010-1111-2222"}}"#;
    assert_eq!(
        proposed(&settings, &[one]),
        mask(
            r#"{ json: { "$.\"a b.c\".phone": { phone: kr }, "$.notify.email": email, "$.notify.sms": { phone: kr } } }"#
        )
    );
    assert_eq!(proposed(&settings, &[r#"{"theme": "dark", "font": 14}"#]), Proposal::Keep);
    assert_eq!(proposed(&settings, &["{"]), Proposal::Unknown);
    // Arrays are masked, by `[*]` or as a whole.
    let Proposal::Mask(written) = proposed(&settings, &[r#"{"admins": [{"email": "kim@naver.com"}], "x": 1}"#]) else {
        panic!()
    };
    assert!(written.contains("admins"), "{written}");
    let Proposal::Mask(written) = proposed(&settings, &[r#"[{"email": "kim@naver.com"}]"#]) else { panic!() };
    assert!(!written.contains("$\""), "{written}");
}
