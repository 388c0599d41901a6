//! Options of masks that contain no masks themselves.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Options of `email`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EmailOptions {
    /// Domain of all addresses. Choose one without real mailboxes.
    pub domain: String,
}

/// Format of telephone numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PhoneKind {
    /// Korean mobile numbers: 010-1234-5678.
    Kr,
    /// International: +821012345678.
    E164,
    /// North American: 415-555-0123.
    Us,
}

/// Kind of fake value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Fake {
    /// Family and given name: 김서연.
    KoreanName,
    /// 김
    KoreanFamilyName,
    /// 서연
    KoreanGivenName,
    /// Given and family name: Emma Carter.
    EnglishName,
    /// Carter
    EnglishFamilyName,
    /// Emma
    EnglishGivenName,
    /// 서울특별시 마포구 은행나무로 12
    KoreanAddress,
    /// 12 Maple Street, Springfield
    EnglishAddress,
    /// 한빛물산
    KoreanCompany,
    /// Northwind Trading
    EnglishCompany,
}

/// Country of a postal code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Country {
    /// Korea.
    Kr,
    /// The United States.
    Us,
}

/// Options of `date`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DateOptions {
    /// Keeps the year.
    Year,
    /// Keeps year and month.
    Month,
    /// Shifts by up to this number of days.
    #[serde(untagged)]
    Shift(Shift),
}

/// Distance of a date shift.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Shift {
    /// Maximum number of days, in either direction.
    pub shift: u32,
    /// Column of the same table: rows with the same value in it have their dates shifted by the same distance.
    pub by: Option<String>,
}

/// Whether card numbers pass the Luhn check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CardKind {
    /// They pass the check.
    Valid,
    /// They fail the check.
    Invalid,
}

/// Options of `identifier`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IdentifierOptions {
    /// 1 to this number are mapped onto themselves.
    pub within: i64,
}

/// Replacement for free text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TextKind {
    /// Placeholder text of the same length.
    Lorem,
    /// Its shape: every letter becomes x, every digit 0.
    Shape,
    /// The text without e-mail addresses and runs of digits.
    Redact,
}

/// Columns that determine the label of an enum.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EnumOptions {
    /// All other columns of the row.
    Any,
    /// One column of the row.
    #[serde(untagged)]
    By(LabelColumn),
}

/// Deviation of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NumberOptions {
    /// Maximum deviation in percent, in either direction: 1 to 90.
    pub noise: u32,
}

/// Distance of a range shift.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RangeOptions {
    /// Maximum number of days, or of units for numeric ranges, in either direction.
    pub shift: u32,
    /// Column of the same table: rows with the same value in it have their ranges shifted by the same distance.
    pub by: Option<String>,
}

/// Treatment of values whose key is not named.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OtherValues {
    /// They stay unmasked.
    Keep,
    /// They become NULL.
    #[default]
    #[serde(untagged)]
    Null,
}

/// Column that determines the label.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LabelColumn {
    /// Column of the same table.
    pub by: String,
}

/// Value of `fixed`.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Scalar {
    /// `true`, `false`.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// Text.
    Text(String),
}

/// SQL expression.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SqlMask {
    /// The expression. It may use every column of the table.
    pub expression: String,
    /// Constraints that its author guarantees to hold.
    pub vouch: Vec<String>,
}
