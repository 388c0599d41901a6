//! Raw masks: the forms in which `devdb.yaml` writes a mask, which are null, a word, or a map with one key.
//! `mask::Rule` is the resolved form.

mod forms;
mod options;
mod raw_mask;
mod word_or_map;

pub use options::{
    CardKind, Country, DateOptions, EmailOptions, EnumOptions, Fake, IdentifierOptions, LabelColumn, NumberOptions,
    OtherValues, PhoneKind, RangeOptions, Scalar, Shift, SqlMask, TextKind,
};
pub use raw_mask::{HstoreOptions, JsonOptions, MaskOptions, MaskWord, PartMask, RawMask, VouchedMask};
pub(in crate::config) use word_or_map::{WordOrMap, WordOrMapVisitor, parse_word};
