//! What a file says about itself: `-- devdb: transaction=none`, `-- devdb: context=qa,demo`, in the
//! comment lines before its first statement.

use std::ops::Range;
use std::sync::Arc;

use squawk_lexer::TokenKind;

use super::lexer;
use super::split::Statement;
use crate::diagnostic::Complaint;

/// A file's header.
pub(super) struct Header {
    pub(super) in_transaction: bool,
    pub(super) contexts: Vec<String>,
}

/// Reads the header. What looks like one and is not understood is a complaint: a setting that is
/// silently without effect is worse than none.
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
            complain(range, "this comes too late".into(), "move it above the first statement");
            continue;
        }
        let mut known = false;
        for setting in settings.split_whitespace() {
            known = true;
            match setting.split_once('=') {
                Some(("transaction", "none")) => header.in_transaction = false,
                Some(("context", names)) if names.split(',').all(is_context) => {
                    header.contexts.extend(names.split(',').map(str::to_owned));
                }
                _ => known = false,
            }
            if !known {
                break;
            }
        }
        if !known {
            complain(
                range,
                "this is not a setting of a script".into(),
                "there are `-- devdb: transaction=none` and `-- devdb: context=NAME[,NAME]`",
            );
        }
    }
    header
}

fn is_context(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_'))
}

/// Complaints about statements that would end the transaction a file runs in, or begin another.
pub(super) fn transaction_control(file: &str, text: &Arc<str>, statements: &[Statement]) -> Vec<Complaint> {
    let complain = |statement: &Statement| Complaint {
        file: file.to_owned(),
        text: text.clone(),
        span: first_line(text, &statement.span),
        title: "a file is one transaction, which devdb begins and commits".into(),
        label: None,
        help: Some("remove the statement, or put `-- devdb: transaction=none` at the top of the file".into()),
    };
    statements.iter().filter(|statement| controls(statement)).map(complain).collect()
}

fn controls(statement: &Statement) -> bool {
    let words: Vec<&str> = statement.words.iter().map(String::as_str).collect();
    match words.as_slice() {
        // The same words begin and end blocks inside function bodies, but never a statement there.
        ["begin" | "start" | "commit" | "end" | "abort", ..] => true,
        // ROLLBACK TO a savepoint stays inside.
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
    fn settings_stand_above_the_first_statement() {
        let script = Script::parse("x.sql", "-- why\n-- devdb: transaction=none context=qa,demo\nVACUUM;").unwrap();
        assert!(!script.in_transaction());
        assert_eq!(script.contexts(), ["qa", "demo"]);
        assert_eq!(complaints("SELECT 1;\n-- devdb: context=qa\n")[0], (2, "this comes too late".into()));
    }

    #[test]
    fn a_setting_that_is_not_understood_is_refused() {
        for header in ["transaction=off", "contexts=qa", "context=qa, demo", "", "context="] {
            let found = complaints(&format!("-- devdb: {header}\nSELECT 1;"));
            assert_eq!(found, [(1, "this is not a setting of a script".to_owned())], "{header}");
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
        assert_eq!(complaints("-- nothing here\n;;"), [(1, "the file holds no statement".to_owned())]);
    }
}
