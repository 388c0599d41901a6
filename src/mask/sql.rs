//! SQL fragments. Every function, operator and type is looked up in `pg_catalog` by name, so that nothing on a
//! search path can replace it; `IN`, `LIKE`, `BETWEEN` and `NULLIF`, whose operators cannot be qualified, are not
//! used.

use crate::pg::catalog::Type;
use crate::pg::literal;

use super::type_kind::TypeKind;

/// Call of a function of `pg_catalog`.
pub(super) fn call(function: &str, arguments: &[&str]) -> String {
    format!("pg_catalog.{function}({})", arguments.join(", "))
}

/// Operator of `pg_catalog` with two operands, in parentheses: `OPERATOR(…)` has one precedence for all operators.
pub(super) fn op(left: &str, operator: &str, right: &str) -> String {
    format!("({left} OPERATOR(pg_catalog.{operator}) {right})")
}

/// Explicit cast to a type of `pg_catalog`.
pub(super) fn cast(value: &str, to: &str) -> String {
    format!("({value})::pg_catalog.{to}")
}

/// Explicit cast to any type. It removes a domain from the value, so that functions for the base type apply.
pub(super) fn cast_to(base: &Type, value: &str) -> String {
    format!("({value})::{}", base.qualified())
}

/// Constant of type text.
pub(super) fn text(value: &str) -> String {
    format!("{}::pg_catalog.text", literal(value))
}

/// Value of type text with the `C` collation (byte order), whatever collation its column has.
pub(super) fn bytewise(value: &str) -> String {
    format!("({value} COLLATE pg_catalog.\"C\")")
}

/// Concatenation of texts.
pub(super) fn concat(parts: &[&str]) -> String {
    let mut parts = parts.iter().map(|part| (*part).to_owned());
    let first = parts.next().unwrap_or_else(|| text(""));
    parts.fold(first, |left, right| op(&left, "||", &right))
}

/// Element of a constant list, by an index from 0.
pub(super) fn pick<S: AsRef<str>>(list: &[S], index: &str) -> String {
    format!("{}[{}]", constants(list), op("1", "+", index))
}

/// Constant list of texts, as one array literal: the planner would process the constants of `ARRAY[…]` one by one.
pub(super) fn constants<S: AsRef<str>>(list: &[S]) -> String {
    let quoted: Vec<String> = list
        .iter()
        .map(|word| {
            let word = word.as_ref();
            let plain = !word.is_empty()
                && !word.eq_ignore_ascii_case("null")
                && word.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | ' ' | '-'))
                && word.trim() == word;
            if plain { word.to_owned() } else { format!("\"{}\"", word.replace('\\', "\\\\").replace('"', "\\\"")) }
        })
        .collect();
    format!("({}::pg_catalog.text[])", literal(&format!("{{{}}}", quoted.join(","))))
}

/// Test whether a value is NULL; of a composite the value itself, not its attributes.
///
/// Not `IS NULL`: `ALTER TABLE … USING` parses the expression again for each partition, from a text in which the
/// server has already resolved the operand for the parent.
pub(super) fn is_null(value: &str) -> String {
    format!("{value} IS NOT DISTINCT FROM NULL")
}

/// `CASE WHEN condition THEN yes ELSE no END`.
pub(super) fn case_when(condition: &str, yes: &str, no: &str) -> String {
    format!("CASE WHEN {condition} THEN {yes} ELSE {no} END")
}

/// The masked value, except that NULL stays NULL and an empty text stays empty.
pub(super) fn preserve_empty(kind: TypeKind, value: &str, masked: &str) -> String {
    let masked = if kind.is_text() {
        let empty = op(&bytewise(&cast(value, "text")), "=", "''::pg_catalog.text");
        format!("CASE WHEN {empty} THEN ''::pg_catalog.text ELSE {masked} END")
    } else {
        masked.to_owned()
    };
    case_when(&is_null(value), "NULL", &masked)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_qualified() {
        assert_eq!(
            concat(&[&text("a'"), &call("lower", &["x"])]),
            "('a'''::pg_catalog.text OPERATOR(pg_catalog.||) pg_catalog.lower(x))"
        );
        assert_eq!(
            pick(&["a b", "c\"d", "", "null"], "i"),
            r#"( E'{a b,"c\\"d","","null"}'::pg_catalog.text[])[(1 OPERATOR(pg_catalog.+) i)]"#
        );
    }
}
