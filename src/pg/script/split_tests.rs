//! Tests of splitting scripts.

use proptest::prelude::*;
use squawk_lexer::TokenKind;

use super::lexer;
use super::split::*;

fn statements(text: &str) -> Vec<String> {
    let (statements, complaints) = split("x.sql", &text.into());
    assert!(complaints.is_empty(), "{complaints:?}");
    statements.iter().map(|statement| text[statement.span.clone()].to_owned()).collect()
}

fn complaints(text: &str) -> Vec<(usize, usize, String)> {
    let (_, complaints) = split("x.sql", &text.into());
    complaints.iter().map(|c| (c.line(), c.column(), c.title.clone())).collect()
}

#[test]
fn quotes_and_comments_do_not_split() {
    let text = r#"
        SELECT ';', "a;b", E'\';', U&'d;\0061', $$;$$, $x$ $$;$$ $x$ -- ; comment
          /* ; /* ; */ ; */ , 1;;
        SELECT 2"#;
    let found = statements(text);
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].ends_with(", 1"));
    assert_eq!(found[1], "SELECT 2");
}

#[test]
fn bodies_of_sql_functions_are_one_statement() {
    let text = "CREATE OR REPLACE FUNCTION app.f(a int) RETURNS int LANGUAGE sql
        BEGIN ATOMIC
          INSERT INTO app.t VALUES (CASE a WHEN 1 THEN 2 ELSE 3 END);
          SELECT CASE WHEN a > 1 THEN CASE a WHEN 2 THEN 1 END END AS end;
        END;
        CREATE PROCEDURE p() BEGIN ATOMIC SELECT 1; END;
        BEGIN; SELECT 1; END";
    let found = statements(text);
    assert_eq!(found.len(), 5, "{found:#?}");
    assert_eq!(found[2..], ["BEGIN", "SELECT 1", "END"]);
}

#[test]
fn rules_with_several_commands_are_one_statement() {
    let text = "CREATE RULE r AS ON INSERT TO t DO ALSO (DELETE FROM a; DELETE FROM b); SELECT 1;";
    assert_eq!(statements(text).len(), 2);
}

#[test]
fn unclosed_quotes_are_shown_at_their_start() {
    assert_eq!(complaints("SELECT 1;\n한글 'abc;\n"), [(2, 4, "this string is never closed".into())]);
    assert_eq!(complaints("/* a /* b */"), [(1, 1, "this comment is never closed".into())]);
    assert_eq!(complaints("DO $x$ ... $y$"), [(1, 4, "this dollar-quoted string is never closed".into())]);
    assert_eq!(complaints("SELECT \"a"), [(1, 8, "this quoted name is never closed".into())]);
}

#[test]
fn psql_commands_and_inline_data_are_refused_at_once() {
    let text = "\\set a 'it''s\nSELECT 1 \\gset\nCOPY app.t (a) FROM stdin;\nit's\n\\.\n\\i other.sql\n";
    let found: Vec<_> = complaints(text).into_iter().map(|(line, _, title)| (line, title)).collect();
    assert_eq!(
        found,
        [
            (1, "`\\set` is a psql command, not SQL".into()),
            (2, "`\\gset` is a psql command, not SQL".into()),
            (3, "COPY with data in the file is not supported".into()),
            (6, "`\\i` is a psql command, not SQL".into()),
        ]
    );
    assert_eq!(statements("COPY app.t FROM PROGRAM 'x'; INSERT INTO copy SELECT 1").len(), 2);
}

#[test]
fn an_escape_string_over_several_lines_is_refused() {
    assert_eq!(complaints("SELECT E'a'\n 'b\\';DROP TABLE x; --'").len(), 1);
    assert_eq!(statements("SELECT E'a'\n 'b'; SELECT E'a', '\\'").len(), 2);
}

/// Pieces of SQL with a `;` that does not end a statement.
fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z가-힣_]{1,6} ",
        "'[a-z;가-힣\"$]{0,8}(''[;a-z]{0,3})?'",
        "\"[a-z;'$]{1,8}\"",
        "E'([a-z;]|\\\\'|''){0,6}' ",
        "\\$[a-z]{1,3}\\$[a-z;' ]{0,8}".prop_map(|open| {
            let tag = &open[..open[1..].find('$').unwrap() + 2];
            format!("{open}{tag} ")
        }),
        "/\\*[a-z;' ]{0,6}(/\\*;\\*/)?\\*/",
        "--[a-z;' ]{0,8}\n",
        "\\([a-z;]{0,6}\\)",
        "::[a-z]{1,4} ",
        "\\[1:2\\]",
    ]
}

proptest! {
    #[test]
    fn only_semicolons_between_statements_split(
        written in prop::collection::vec(prop::collection::vec(piece(), 0..6), 1..8)
    ) {
        let text: String = written.iter().map(|pieces| format!(" x {};", pieces.concat())).collect();
        let found = statements(&text);
        prop_assert_eq!(found.len(), written.len(), "{}", text);
    }

    #[test]
    fn statements_and_gaps_cover_the_file(text in "([a-z가 ;'\"$()\\n\\-/*:E]|\\$\\$){0,40}") {
        let (statements, _) = split("x.sql", &text.as_str().into());
        let mut at = 0;
        for statement in &statements {
            prop_assert!(statement.span.start >= at && statement.span.end > statement.span.start);
            let gap = &text[at..statement.span.start];
            let only_gaps = lexer::tokens(gap).all(|(kind, _)| lexer::is_gap(kind) || kind == TokenKind::Semi);
            prop_assert!(only_gaps, "{:?} in {:?}", gap, text);
            at = statement.span.end;
        }
    }
}
