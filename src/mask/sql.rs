//! Pieces of SQL text. Every function, operator and type is looked up in `pg_catalog` by name, so that
//! nothing on a search path can take its place; `IN`, `LIKE`, `BETWEEN` and `NULLIF`, whose operators
//! cannot be qualified, are not used.

use crate::pg::catalog::Type;
use crate::pg::literal;

/// A call of a function of `pg_catalog`.
pub(super) fn call(function: &str, arguments: &[&str]) -> String {
    format!("pg_catalog.{function}({})", arguments.join(", "))
}

/// Two operands of an operator of `pg_catalog`, in parentheses: so written, all operators bind alike.
pub(super) fn op(left: &str, operator: &str, right: &str) -> String {
    format!("({left} OPERATOR(pg_catalog.{operator}) {right})")
}

/// An explicit cast to a type of `pg_catalog`.
pub(super) fn cast(value: &str, to: &str) -> String {
    format!("({value})::pg_catalog.{to}")
}

/// An explicit cast to any type, so that what is asked of the value does not see a domain on it.
pub(super) fn cast_to(base: &Type, value: &str) -> String {
    format!("({value})::{}", base.qualified())
}

/// A constant of type text.
pub(super) fn text(value: &str) -> String {
    format!("{}::pg_catalog.text", literal(value))
}

/// A value of type text under byte order, whatever collation its column has.
pub(super) fn bytewise(value: &str) -> String {
    format!("({value} COLLATE pg_catalog.\"C\")")
}

/// Texts one after the other.
pub(super) fn concat(parts: &[&str]) -> String {
    let mut parts = parts.iter().map(|part| (*part).to_owned());
    let first = parts.next().unwrap_or_else(|| text(""));
    parts.fold(first, |left, right| op(&left, "||", &right))
}

/// The element of a constant list at an index from 0.
pub(super) fn pick<S: AsRef<str>>(list: &[S], index: &str) -> String {
    format!("{}[{}]", constants(list), op("1", "+", index))
}

/// A constant list of texts. One array literal: a list of constants in `ARRAY[…]` would be planned
/// element by element.
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

/// Whether a value is NULL: a composite, not its attributes.
///
/// Not `IS NULL`: `ALTER TABLE … USING` reads an expression again for each partition, and the server has by
/// then put what the operand means to the parent into the text that it reads.
pub(super) fn is_null(value: &str) -> String {
    format!("{value} IS NOT DISTINCT FROM NULL")
}

/// `CASE WHEN condition THEN yes ELSE no END`.
pub(super) fn choose(condition: &str, yes: &str, no: &str) -> String {
    format!("CASE WHEN {condition} THEN {yes} ELSE {no} END")
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
