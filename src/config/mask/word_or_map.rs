//! Options that are written as a word or as a map, which most options are.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::value::{MapAccessDeserializer, StrDeserializer};
use serde::de::{MapAccess, Visitor};

/// A value that is a word, a map, or null.
pub(in crate::config) enum WordOrMap<W, M> {
    Word(W),
    Map(M),
    Null,
}

/// Reads a [`WordOrMap`].
pub(in crate::config) struct WordOrMapVisitor<W, M> {
    /// The valid forms, for error messages.
    expecting: &'static str,
    parse: fn(&str) -> Result<W, serde::de::value::Error>,
    map: PhantomData<M>,
}

impl<W, M> WordOrMapVisitor<W, M> {
    pub(in crate::config) fn new(
        expecting: &'static str,
        parse: fn(&str) -> Result<W, serde::de::value::Error>,
    ) -> Self {
        Self { expecting, parse, map: PhantomData }
    }
}

impl<'de, W, M: Deserialize<'de>> Visitor<'de> for WordOrMapVisitor<W, M> {
    type Value = WordOrMap<W, M>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.expecting)
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<Self::Value, E> {
        Ok(WordOrMap::Null)
    }

    fn visit_none<E: serde::de::Error>(self) -> Result<Self::Value, E> {
        Ok(WordOrMap::Null)
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Self::Value, E> {
        (self.parse)(text).map(WordOrMap::Word).map_err(E::custom)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        M::deserialize(MapAccessDeserializer::new(map)).map(WordOrMap::Map)
    }
}

/// Deserializes a word, such as a variant of an enum.
pub(in crate::config) fn parse_word<'de, W: Deserialize<'de>>(text: &'de str) -> Result<W, serde::de::value::Error> {
    W::deserialize(StrDeserializer::new(text))
}
