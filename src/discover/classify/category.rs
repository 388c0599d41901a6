//! Categories of personal data.

use crate::discover::detect::Kind;

/// What a column, or a key of a document, holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Category {
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
    /// A number by which another system identifies a person: an account, a passport, a device.
    ForeignId,
    Password,
    Secret,
    Position,
    FreeText,
}

impl Category {
    /// The plural, for reasons.
    pub(super) fn plural(self) -> &'static str {
        match self {
            Category::Email => "e-mail addresses",
            Category::Phone => "telephone numbers",
            Category::Name => "names of people",
            Category::FamilyName => "family names",
            Category::GivenName => "given names",
            Category::Company => "company names",
            Category::Address => "postal addresses",
            Category::PostalCode => "postal codes",
            Category::BirthDate => "dates of birth",
            Category::RegistrationNumber => "national identification numbers",
            Category::BusinessNumber => "business numbers",
            Category::Card => "card numbers",
            Category::Ip => "IP addresses",
            Category::Url => "URLs",
            Category::Username => "user names",
            Category::ForeignId => "identifiers of people, accounts or devices",
            Category::Password => "passwords or password hashes",
            Category::Secret => "keys or tokens",
            Category::Position => "geographic positions",
            Category::FreeText => "free text",
        }
    }
}

impl From<Kind> for Category {
    fn from(kind: Kind) -> Category {
        match kind {
            Kind::Email => Category::Email,
            Kind::Phone => Category::Phone,
            Kind::Card => Category::Card,
            Kind::RegistrationNumber => Category::RegistrationNumber,
            Kind::BusinessNumber => Category::BusinessNumber,
            Kind::IpAddress => Category::Ip,
            Kind::Secret => Category::Secret,
        }
    }
}
