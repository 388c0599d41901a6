//! Settings in a script's header, the comment lines before its first statement: `-- devdb: transaction=none`,
//! `-- devdb: context=qa,demo`.

use std::ops::Range;
use std::sync::Arc;

use squawk_lexer::TokenKind;

use super::lexer;
use super::split::Statement;
use crate::diagnostic::Complaint;

/// Settings of a file.
pub(super) struct Header {
    pub(super) in_transaction: bool,
    pub(super) contexts: Vec<String>,
}

/// Reads the header. An unknown setting is a complaint: without one, it would silently have no effect.
pub(super) fn read(file: &str, text: &Arc<str>, first: Option<&Statement>, complaints: &mut Vec<Complaint>) -> Header {
    let mut header = Header { in_transaction: true, contexts: Vec::new() };
    let mut complain = |span: Range<usize>, title: String, help: &str| {
        let (file, text, help) = (file.to_owned(), text.clone(), Some(help.to_owned()));
        complaints.push(Complaint { file, text, span, title, label: None, help });
    };
    for (kind, range) in lexer::tokens(text) {
        if kind != TokenKind::LineComment {
            continue;
        }
        let Some(settings) = text[range.clone()].trim_start_matches('-').trim_start().strip_prefix("devdb:") else {
            continue;
        };
        if first.is_some_and(|first| range.start > first.span.start) {
            complain(range, "this setting is after the first statement".into(), "move it above the first statement");
            continue;
        }
        let mut valid = false;
        for setting in settings.split_whitespace() {
            valid = true;
            match setting.split_once('=') {
                Some(("transaction", "none")) => header.in_transaction = false,
                Some(("context", names)) if names.split(',').all(is_context) => {
                    header.contexts.extend(names.split(',').map(str::to_owned));
                }
                _ => valid = false,
            }
            if !valid {
                break;
            }
        }
        if !valid {
            complain(
                range,
                "unknown setting".into(),
                "write `-- devdb: transaction=none` or `-- devdb: context=NAME[,NAME]`",
            );
        }
    }
    header
}

fn is_context(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_'))
}

/// Returns complaints about statements that would end the file's transaction, or begin another one.
pub(super) fn transaction_control(file: &str, text: &Arc<str>, statements: &[Statement]) -> Vec<Complaint> {
    let complain = |statement: &Statement| Complaint {
        file: file.to_owned(),
        text: text.clone(),
        span: first_line(text, &statement.span),
        title: "devdb runs the file in one transaction, which it begins and commits".into(),
        label: None,
        help: Some("remove the statement, or put `-- devdb: transaction=none` at the top of the file".into()),
    };
    statements.iter().filter(|statement| controls_transaction(statement)).map(complain).collect()
}

fn controls_transaction(statement: &Statement) -> bool {
    let words: Vec<&str> = statement.words.iter().map(String::as_str).collect();
    match words.as_slice() {
        // In function bodies the same words begin and end blocks, but never a statement.
        ["begin" | "start" | "commit" | "end" | "abort", ..] => true,
        // ROLLBACK TO SAVEPOINT stays inside the transaction.
        ["rollback", rest @ ..] => !rest.contains(&"to"),
        ["prepare", "transaction", ..] | ["set", "transaction", ..] => true,
        ["set", "local" | "session", "transaction" | "characteristics", ..] => true,
        _ => false,
    }
}

/// The first line of a span.
pub(super) fn first_line(text: &str, span: &Range<usize>) -> Range<usize> {
    let line = text[span.clone()].lines().next().unwrap_or("");
    span.start..span.start + line.trim_end().len()
}

#[cfg(test)]
mod tests {
    use super::super::Script;

    fn complaints(text: &str) -> Vec<(usize, String)> {
        let complaints = Script::parse("x.sql", text).unwrap_err();
        complaints.into_iter().map(|complaint| (complaint.line(), complaint.title)).collect()
    }

    #[test]
    fn settings_are_before_the_first_statement() {
        let script = Script::parse("x.sql", "-- why\n-- devdb: transaction=none context=qa,demo\nVACUUM;").unwrap();
        assert!(!script.in_transaction());
        assert_eq!(script.contexts(), ["qa", "demo"]);
        assert_eq!(
            complaints("SELECT 1;\n-- devdb: context=qa\n")[0],
            (2, "this setting is after the first statement".into())
        );
    }

    #[test]
    fn an_unknown_setting_is_refused() {
        for header in ["transaction=off", "contexts=qa", "context=qa, demo", "", "context="] {
            let found = complaints(&format!("-- devdb: {header}\nSELECT 1;"));
            assert_eq!(found, [(1, "unknown setting".to_owned())], "{header}");
        }
    }

    #[test]
    fn a_file_cannot_end_its_own_transaction() {
        let text = "SELECT 1;\nCOMMIT;\nSAVEPOINT a; ROLLBACK TO a;\nROLLBACK;\nset local transaction read only;\n\
                    END; BEGIN; START TRANSACTION; PREPARE TRANSACTION 'x'; PREPARE x AS SELECT 1;";
        let lines: Vec<usize> = complaints(text).into_iter().map(|(line, _)| line).collect();
        assert_eq!(lines, [2, 4, 5, 6, 6, 6, 6]);
        Script::parse("x.sql", format!("-- devdb: transaction=none\n{text}")).unwrap();
    }

    #[test]
    fn a_file_without_a_statement_is_refused() {
        assert_eq!(complaints("-- nothing here\n;;"), [(1, "the file contains no statement".to_owned())]);
    }
}
