//! Variables of scripts, in psql's notation: `:'name'` becomes a string, `:"name"` a quoted name. Nothing is replaced
//! inside of quotes, comments and function bodies, and nothing twice.

use std::collections::BTreeMap;
use std::ops::Range;

use secrecy::SecretString;
use squawk_lexer::{LiteralKind, TokenKind};

use super::file::Script;
use super::lexer;
use super::split::Statement;
use crate::diagnostic::Complaint;
use crate::pg::{identifier, literal};

/// Values that scripts may use. Each is also readable as `current_setting('devdb.name')`.
#[derive(Clone, Debug, Default)]
pub struct Variables {
    /// Plain values. They become part of the SQL text, and so of the server's log.
    pub values: BTreeMap<String, String>,
    /// Secret values, readable by `current_setting('devdb.name')` only.
    pub secrets: BTreeMap<String, SecretString>,
}

/// A statement with its variables replaced, and a mapping of offsets to the file.
pub(super) struct Filled {
    pub(super) sql: String,
    /// Byte ranges of each variable in `sql` and in the file, in order.
    replaced: Vec<(Range<usize>, Range<usize>)>,
    start: usize,
}

impl Filled {
    /// The byte offset in the file of a position in `sql`, in characters from 1.
    pub(super) fn offset(&self, position: usize) -> usize {
        let characters = position.saturating_sub(1);
        let sent = self.sql.char_indices().nth(characters).map_or(self.sql.len(), |(byte, _)| byte);
        // Byte `sql_at` of the sent text is byte `file_at` of the file.
        let (mut sql_at, mut file_at) = (0, self.start);
        for (in_sql, in_file) in &self.replaced {
            if sent < in_sql.start {
                break;
            }
            if sent < in_sql.end {
                return in_file.start;
            }
            (sql_at, file_at) = (in_sql.end, in_file.end);
        }
        file_at + (sent - sql_at)
    }
}

/// Returns complaints about the variables that a script uses.
pub fn check_variables(script: &Script, variables: &Variables) -> Vec<Complaint> {
    let complaints = |statement| fill(script, statement, variables).err();
    script.statements().iter().filter_map(complaints).flatten().collect()
}

/// Replaces a statement's variables, or returns all complaints.
pub(super) fn fill(script: &Script, statement: &Statement, variables: &Variables) -> Result<Filled, Vec<Complaint>> {
    let start = statement.span.start;
    let text = &script.text()[statement.span.clone()];
    let mut filled = Filled { sql: String::with_capacity(text.len()), replaced: Vec::new(), start };
    let mut complaints = Vec::new();
    // The offset of the previous token, if it is a colon that is not half of `::`.
    let mut colon: Option<usize> = None;
    let mut brackets = 0_usize;
    for (kind, range) in lexer::tokens(text) {
        let word = &text[range.clone()];
        let Some(colon_at) = colon.take() else {
            match kind {
                TokenKind::Colon => colon = Some(range.start),
                TokenKind::OpenBracket => brackets += 1,
                TokenKind::CloseBracket => brackets = brackets.saturating_sub(1),
                _ => {}
            }
            filled.sql.push_str(word);
            continue;
        };
        let in_file = start + colon_at..start + range.end;
        let value = match kind {
            TokenKind::Literal { kind: LiteralKind::Str { .. } } => {
                look_up(script, &in_file, &word[1..word.len() - 1], variables).map(literal)
            }
            TokenKind::QuotedIdent { uescape: false, .. } => {
                look_up(script, &in_file, &word[1..word.len() - 1], variables).map(identifier)
            }
            // `a[1:n]` is a slice; elsewhere the colon can only begin psql's unquoted variable.
            TokenKind::Ident if brackets == 0 => Err(Box::new(unquoted(script, in_file.clone(), word))),
            _ => {
                brackets += usize::from(kind == TokenKind::OpenBracket);
                brackets = brackets.saturating_sub(usize::from(kind == TokenKind::CloseBracket));
                filled.sql.push_str(word);
                continue;
            }
        };
        match value {
            Ok(value) => {
                filled.sql.pop(); // the colon
                let from = filled.sql.len();
                filled.sql.push_str(&value);
                filled.replaced.push((from..filled.sql.len(), in_file));
            }
            Err(complaint) => complaints.push(*complaint),
        }
    }
    if complaints.is_empty() { Ok(filled) } else { Err(complaints) }
}

fn look_up<'a>(
    script: &Script,
    span: &Range<usize>,
    name: &str,
    variables: &'a Variables,
) -> Result<&'a str, Box<Complaint>> {
    if let Some(value) = variables.values.get(name) {
        if !value.contains('\0') {
            return Ok(value);
        }
        let complaint = script.complaint(span.clone(), format!("the variable `{name}` contains a NUL character"));
        return Err(Box::new(Complaint { help: Some("remove it: PostgreSQL does not accept it".into()), ..complaint }));
    }
    if variables.secrets.contains_key(name) {
        let title = format!("`{name}` is secret, and would become part of the statement");
        let help = format!("write pg_catalog.current_setting('devdb.{name}')");
        return Err(Box::new(Complaint { help: Some(help), ..script.complaint(span.clone(), title) }));
    }
    let known: Vec<String> = variables.values.keys().map(|name| format!("`{name}`")).collect();
    let help = match known.as_slice() {
        [] => "no variable is configured: add it under `variables`".to_owned(),
        known => format!("use one of {}, or add it under `variables`", known.join(", ")),
    };
    let complaint = script.complaint(span.clone(), format!("the variable `{name}` is not set"));
    Err(Box::new(Complaint { help: Some(help), ..complaint }))
}

fn unquoted(script: &Script, span: Range<usize>, name: &str) -> Complaint {
    Complaint {
        help: Some(format!("write :'{name}' for a string (with a cast for a number), :\"{name}\" for a name")),
        ..script.complaint(span, format!("`:{name}` is not replaced: it has no quotes"))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn variables() -> Variables {
        let values = [("domain", "it's.test"), ("schema", "a\"pp"), ("back", r"a\b")];
        Variables {
            values: values.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
            secrets: [("token".to_owned(), SecretString::from("s3cret"))].into(),
        }
    }

    fn filled(text: &str) -> String {
        let script = Script::parse("x.sql", text).unwrap();
        let filled = fill(&script, &script.statements()[0], &variables());
        filled.unwrap_or_else(|complaints| panic!("{complaints:?}")).sql
    }

    fn complaint(text: &str) -> Complaint {
        let script = Script::parse("x.sql", text).unwrap();
        let complaints = check_variables(&script, &variables());
        assert_eq!(complaints.len(), 1, "{complaints:?}");
        complaints[0].clone()
    }

    #[test]
    fn variables_become_strings_and_names() {
        let sql = filled(r#"UPDATE :"schema".t SET a = :'domain' || :'back'"#);
        assert_eq!(sql, r#"UPDATE "a""pp".t SET a = 'it''s.test' ||  E'a\\b'"#);
    }

    #[test]
    fn casts_slices_assignments_and_quotes_are_unchanged() {
        for sql in [
            "SELECT a::text, b::\"char\", '5'::int, c [1:2], c[x:y], c[:y], c[1:], f(a := \"b\"), f(a := 'x')",
            "SELECT ':''domain''', \":x\", $$:'domain'$$ /* :'domain' */ -- :domain",
            "SELECT '{\"a\":\"b\"}'::jsonb->'a'",
        ] {
            let script = Script::parse("x.sql", sql).unwrap();
            let statement = &script.statements()[0];
            assert_eq!(filled(sql), sql[statement.span.clone()]);
        }
    }

    #[test]
    fn an_unset_variable_is_shown_with_those_that_are_set() {
        let complaint = complaint("SELECT 1;\nSELECT 한글, :'domian'");
        assert_eq!((complaint.line(), complaint.column()), (2, 12));
        assert_eq!(complaint.title, "the variable `domian` is not set");
        assert_eq!(complaint.help.unwrap(), "use one of `back`, `domain`, `schema`, or add it under `variables`");
    }

    #[test]
    fn a_secret_never_becomes_text() {
        let complaint = complaint("SELECT :'token'");
        assert_eq!(complaint.help.unwrap(), "write pg_catalog.current_setting('devdb.token')");
        assert!(!format!("{:?}", variables()).contains("s3cret"));
    }

    #[test]
    fn unquoted_variables_are_refused() {
        assert!(complaint("SELECT :domain").title.starts_with("`:domain` is not replaced"));
        assert!(complaint("SELECT a[1], :x").title.starts_with("`:x` is not replaced"));
    }

    #[test]
    fn positions_map_to_offsets_in_the_file() {
        let text = r#"SELECT 0; SELECT 가, :'domain' , :"schema", 나"#;
        let script = Script::parse("x.sql", text).unwrap();
        let filled = fill(&script, &script.statements()[1], &variables()).unwrap();
        for (sent, written) in [("가", "가"), ("it", ":'dom"), (", \"a", ", :\"s"), ("pp", ":\"schema"), ("나", "나")]
        {
            let position = filled.sql[..filled.sql.find(sent).unwrap()].chars().count() + 1;
            assert_eq!(filled.offset(position), text.find(written).unwrap(), "{sent}");
        }
        assert_eq!(filled.offset(1000), text.len());
    }

    proptest! {
        /// The literal of any value is one token.
        #[test]
        fn a_value_stays_inside_its_quotes(value in "[a-z'\"\\\\;가 $:-]{0,12}") {
            let mut variables = Variables::default();
            variables.values.insert("v".into(), value.clone());
            let script = Script::parse("x.sql", "SELECT :'v', :\"v\";").unwrap();
            let filled = fill(&script, &script.statements()[0], &variables).unwrap();
            let significant = lexer::tokens(&filled.sql).filter(|(kind, _)| !lexer::is_gap(*kind)).count();
            prop_assert_eq!(significant, 4, "{}", filled.sql);
        }
    }
}
