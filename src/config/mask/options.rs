//! Options of masks.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::WrittenMask;

/// Options of `email`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EmailOptions {
    /// The domain of all addresses. Take one that nobody receives mail at.
    pub domain: String,
}

/// How telephone numbers look.
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

/// What is taken from a list.
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

/// A country whose forms are known.
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
    /// The year is kept.
    Year,
    /// Year and month are kept.
    Month,
    /// Moved by up to so many days.
    #[serde(untagged)]
    Shift(Shift),
}

/// How far a date is moved.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Shift {
    /// Days, to either side.
    pub shift: u32,
    /// A column of the same table: all dates of rows with the same value in it are moved alike.
    pub by: Option<String>,
}

/// Whether card numbers pass the Luhn check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CardKind {
    /// They pass.
    Valid,
    /// They fail.
    Invalid,
}

/// Options of `identifier`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IdentifierOptions {
    /// 1 to this number stay among themselves.
    pub within: i64,
}

/// What becomes of free text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TextKind {
    /// Other text of the same length.
    Lorem,
    /// Its shape: every letter an x, every digit a 0.
    Shape,
    /// Itself, without e-mail addresses and runs of digits.
    Redact,
}

/// What becomes of the values inside JSON.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum JsonOptions {
    /// Every string becomes its shape, every number 0.
    Shape,
    /// Masks by path: `$.user.email`, `$..phone`, `$.tags[*]`.
    #[serde(untagged)]
    Paths(BTreeMap<String, WrittenMask>),
}

/// What chooses a label of an enum.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EnumOptions {
    /// All other columns of the row.
    Any,
    /// One of them.
    #[serde(untagged)]
    By(By),
}

/// How far a number may be off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NumberOptions {
    /// Percent, to either side: 1 to 90.
    pub noise: u32,
}

/// How far a range is moved.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RangeOptions {
    /// Days, or units of numbers, to either side.
    pub shift: u32,
    /// A column of the same table: all ranges of rows with the same value in it are moved alike.
    pub by: Option<String>,
}

/// What becomes of an attribute of a composite.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PartMask {
    /// It stays.
    Keep,
    /// It is masked.
    #[serde(untagged)]
    Mask(WrittenMask),
}

/// What becomes of the values of an hstore.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HstoreOptions {
    /// Masks by key.
    pub keys: BTreeMap<String, WrittenMask>,
    /// What becomes of all other values.
    #[serde(default)]
    pub other: Other,
}

/// What becomes of values that no key names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Other {
    /// They stay.
    Keep,
    /// They become NULL.
    #[default]
    #[serde(untagged)]
    Null,
}

/// A column of the same table that decides.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct By {
    /// The column.
    pub by: String,
}

/// A value of `fixed`.
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

/// An expression in SQL.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SqlMask {
    /// The expression; it may use every column of its table.
    pub expression: String,
    /// Constraints that its author says it keeps.
    pub vouch: Vec<String>,
}
