//! The category that a name and values suggest together.

use super::category::Category;
use super::column_names::NameMeaning;
use super::value_stats::ValueStats;

/// Returns the category of values under a name, or `None` if neither suggests personal data. `numeric`: all values are
/// numbers, in which no patterns are searched.
pub(super) fn category_of(name: NameMeaning, values: &ValueStats<'_>, numeric: bool) -> Option<Category> {
    let common = values.common().filter(|_| !numeric);
    match (name, common) {
        // Values are more reliable than names, but a digest looks like a token, and a company may look like a person.
        (NameMeaning::Personal(named), Some(seen)) if seen != Category::Secret && seen != Category::Name => {
            Some(if seen == Category::Ip { named } else { seen })
        }
        (NameMeaning::Personal(named), _) => by_name(named, values),
        (NameMeaning::Harmless, Some(Category::Secret | Category::Name)) => None,
        (_, Some(seen)) => Some(seen),
        (_, None) if !numeric => values.scattered().map(|_| Category::FreeText),
        _ => None,
    }
}

/// Returns the category that a name suggests, unless the values contradict it: a column `mobile` may hold status words,
/// and a column `recipient` numbers or addresses.
fn by_name(named: Category, values: &ValueStats<'_>) -> Option<Category> {
    let has_no_pattern = matches!(
        named,
        Category::FreeText
            | Category::Password
            | Category::Username
            | Category::ForeignId
            | Category::Secret
            | Category::Position
            | Category::Url
    );
    let contradicted = values.count() >= 10 && values.whole(named) == 0 && !has_no_pattern;
    match values.scattered() {
        Some(_) if contradicted => Some(Category::FreeText),
        _ if contradicted && values.are_codes() && !matches!(named, Category::Name | Category::Company) => None,
        _ => Some(named),
    }
}
