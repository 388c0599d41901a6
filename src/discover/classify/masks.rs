//! Masks for a category, in YAML.

use super::category::Category;
use super::value_stats::ValueStats;
use crate::mask::type_kind::TypeKind;
use crate::pg::catalog::Column;

/// Returns masks for texts, the best first. Later ones preserve less of the value, and fit more columns.
pub(super) fn for_text(category: Category, values: &ValueStats<'_>) -> Vec<&'static str> {
    let by_language = |korean, english| if values.are_english() { english } else { korean };
    let best = match category {
        Category::Email => "email",
        Category::Phone if values.are_north_american() => "{ phone: us }",
        Category::Phone if values.are_international() => "{ phone: e164 }",
        Category::Phone => "{ phone: kr }",
        Category::Name => by_language("{ fake: korean_name }", "{ fake: english_name }"),
        Category::FamilyName => by_language("{ fake: korean_family_name }", "{ fake: english_family_name }"),
        Category::GivenName => by_language("{ fake: korean_given_name }", "{ fake: english_given_name }"),
        Category::Company => by_language("{ fake: korean_company }", "{ fake: english_company }"),
        Category::Address => by_language("{ fake: korean_address }", "{ fake: english_address }"),
        Category::PostalCode if values.are_zip_plus_four() => "{ postal_code: us }",
        Category::PostalCode => "{ postal_code: kr }",
        Category::RegistrationNumber => "registration_number",
        Category::BusinessNumber => "business_number",
        Category::Card => "card",
        Category::Ip => "ip",
        Category::Url => "url",
        Category::Username | Category::ForeignId => "username",
        // No password has this hash; a team replaces it by the hash of a password that it knows.
        Category::Password => "{ fixed: \"!\" }",
        Category::Secret => "null",
        Category::BirthDate | Category::Position => "{ text: shape }",
        Category::FreeText => "{ text: lorem }",
    };
    let others: &[&'static str] = match category {
        Category::Email | Category::Url | Category::FreeText => &["username", "null"],
        Category::Secret => &["uuid", "username", "{ text: shape }"],
        Category::Password => &["null", "username"],
        // For unique columns: no list of names is long enough.
        Category::Name | Category::FamilyName | Category::GivenName | Category::Company => {
            &["username", "null", "{ text: lorem }"]
        }
        _ => &["null", "{ text: shape }", "username"],
    };
    std::iter::once(best).chain(others.iter().copied()).collect()
}

/// Returns masks for a column of another type than text, the best first.
pub(super) fn for_type(category: Category, column: &Column) -> Vec<&'static str> {
    match (TypeKind::of(&column.base), category) {
        (TypeKind::Date | TypeKind::Timestamp | TypeKind::TimestampTz, Category::BirthDate) => {
            vec!["{ date: year }", "{ date: month }", "null"]
        }
        (TypeKind::Inet, _) => vec!["ip", "null"],
        (TypeKind::Bytea, _) => vec!["bytes", "{ bytes: 32 }", "null"],
        (TypeKind::Uuid, _) => vec!["uuid", "null"],
        (TypeKind::SmallInt | TypeKind::Integer | TypeKind::BigInt, _) => vec!["identifier", "null"],
        _ => vec!["null"],
    }
}
