//! What a column or a key of a document may hold, and the masks for it.

use crate::pg::catalog::Column;

use crate::discover::classify::value_stats::Values;
use crate::discover::detect::Kind;
use crate::mask::type_kind::TypeKind;

/// What values mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Sense {
    Email,
    Phone,
    Name,
    FamilyName,
    GivenName,
    Company,
    Address,
    PostalCode,
    BirthDate,
    RegistrationNumber,
    BusinessNumber,
    Card,
    Ip,
    Url,
    Username,
    /// A number that somebody else knows a person by: an account, a passport, a device.
    ForeignId,
    Password,
    Secret,
    Position,
    FreeText,
}

impl Sense {
    /// In the plural, for reasons.
    pub(crate) fn plural(self) -> &'static str {
        match self {
            Sense::Email => "e-mail addresses",
            Sense::Phone => "telephone numbers",
            Sense::Name => "names of people",
            Sense::FamilyName => "family names",
            Sense::GivenName => "given names",
            Sense::Company => "companies",
            Sense::Address => "addresses",
            Sense::PostalCode => "postal codes",
            Sense::BirthDate => "dates of birth",
            Sense::RegistrationNumber => "registration numbers of people",
            Sense::BusinessNumber => "business numbers",
            Sense::Card => "card numbers",
            Sense::Ip => "IP addresses",
            Sense::Url => "addresses on the web",
            Sense::Username => "user names",
            Sense::ForeignId => "identifiers of people, accounts or devices",
            Sense::Password => "passwords or their hashes",
            Sense::Secret => "keys or tokens",
            Sense::Position => "places on the map",
            Sense::FreeText => "free text",
        }
    }

    pub(crate) fn of_kind(kind: Kind) -> Sense {
        match kind {
            Kind::Email => Sense::Email,
            Kind::Phone => Sense::Phone,
            Kind::Card => Sense::Card,
            Kind::RegistrationNumber => Sense::RegistrationNumber,
            Kind::BusinessNumber => Sense::BusinessNumber,
            Kind::IpAddress => Sense::Ip,
            Kind::Secret => Sense::Secret,
        }
    }

    /// Masks for texts, the best first, as they are written. Those further back take more of what was
    /// there, and suit more columns.
    pub(crate) fn masks(self, values: &Values<'_>) -> Vec<&'static str> {
        let by_language = |korean, english| if values.are_english() { english } else { korean };
        let first = match self {
            Sense::Email => "email",
            Sense::Phone if values.are_north_american() => "{ phone: us }",
            Sense::Phone if values.are_international() => "{ phone: e164 }",
            Sense::Phone => "{ phone: kr }",
            Sense::Name => by_language("{ fake: korean_name }", "{ fake: english_name }"),
            Sense::FamilyName => by_language("{ fake: korean_family_name }", "{ fake: english_family_name }"),
            Sense::GivenName => by_language("{ fake: korean_given_name }", "{ fake: english_given_name }"),
            Sense::Company => by_language("{ fake: korean_company }", "{ fake: english_company }"),
            Sense::Address => by_language("{ fake: korean_address }", "{ fake: english_address }"),
            Sense::PostalCode => {
                if values.are_north_american_codes() {
                    "{ postal_code: us }"
                } else {
                    "{ postal_code: kr }"
                }
            }
            Sense::RegistrationNumber => "registration_number",
            Sense::BusinessNumber => "business_number",
            Sense::Card => "card",
            Sense::Ip => "ip",
            Sense::Url => "url",
            Sense::Username | Sense::ForeignId => "username",
            // No password has this hash; a team puts one in whose password it knows.
            Sense::Password => "{ fixed: \"!\" }",
            Sense::Secret => "null",
            Sense::BirthDate | Sense::Position => "{ text: shape }",
            Sense::FreeText => "{ text: lorem }",
        };
        let rest: &[&'static str] = match self {
            Sense::Email | Sense::Url | Sense::FreeText => &["username", "null"],
            Sense::Secret => &["uuid", "username", "{ text: shape }"],
            Sense::Password => &["null", "username"],
            // Unique ones: no list is long enough to be drawn from.
            Sense::Name | Sense::FamilyName | Sense::GivenName | Sense::Company => {
                &["username", "null", "{ text: lorem }"]
            }
            _ => &["null", "{ text: shape }", "username"],
        };
        std::iter::once(first).chain(rest.iter().copied()).collect()
    }

    /// Masks for a column of this type, when it is none of text.
    pub(crate) fn masks_for(self, column: &Column) -> Vec<&'static str> {
        match (TypeKind::of(&column.base), self) {
            (TypeKind::Date | TypeKind::Timestamp | TypeKind::TimestampTz, Sense::BirthDate) => {
                vec!["{ date: year }", "{ date: month }", "null"]
            }
            (TypeKind::Inet, _) => vec!["ip", "null"],
            (TypeKind::Bytea, _) => vec!["bytes", "{ bytes: 32 }", "null"],
            (TypeKind::Uuid, _) => vec!["uuid", "null"],
            (TypeKind::SmallInt | TypeKind::Integer | TypeKind::BigInt, _) => vec!["identifier", "null"],
            _ => vec!["null"],
        }
    }
}
