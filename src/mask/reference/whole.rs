//! Masks of what holds several values, and those that look at none.

use crate::mask::reference::{ALIKE, Cost, Entry, NEITHER, entry};

pub(super) fn list() -> Vec<Entry> {
    vec![
        entry(
            "json: {\"$.user.email\": email}",
            "masked values at these paths; an object or array there becomes null",
            "json, jsonb",
            "everything else",
            ALIKE,
            Cost::High,
            (
                "{\"id\": 7, \"user\": {\"email\": \"a@b.c\"}}",
                "{\"id\": 7, \"user\": {\"email\": \"u88fc85c6785c54cb59d6@example.com\"}}",
            ),
        ),
        entry(
            "json: {\"$..phone\": {phone: kr}, \"$.tags[*]\": username}",
            "masked values at any depth, of every element; one walk through the document for all paths",
            "json, jsonb",
            "everything else",
            ALIKE,
            Cost::High,
            (
                "{\"tags\": [\"minsu\"], \"sent\": [{\"phone\": \"010-1124-2486\"}]}",
                "{\"sent\": [{\"phone\": \"010-0341-9296\"}], \"tags\": [\"user_52fa5acfe7ff4c0d\"]}",
            ),
        ),
        entry(
            "json: shape",
            "the shape of every string, 0 for every number",
            "json, jsonb",
            "keys, true, false, null, how deep and how many",
            ALIKE,
            Cost::High,
            (
                "{\"name\": \"Kim\", \"sent\": [\"010-1124-2486\", 7]}",
                "{\"name\": \"Xxx\", \"sent\": [\"000-0000-0000\", 0]}",
            ),
        ),
        entry(
            "range: {shift: 30}",
            "the range, both bounds moved alike by at most 30 days or units",
            "ranges and multiranges of integers, numeric, dates and timestamps",
            "how long it is, which bounds belong to it, infinite bounds, empty ranges",
            ALIKE,
            Cost::High,
            ("[2024-03-01,2024-04-01)", "[2024-03-15,2024-04-15)"),
        ),
        entry(
            "composite: {street: {fake: korean_address}, zip: {postal_code: kr}, country: keep}",
            "a mask for every attribute",
            "a composite",
            "attributes with keep",
            NEITHER,
            Cost::High,
            ("(세종대로,04524,KR)", "(\"충청북도 충주시 중앙로 217\",71771,KR)"),
        ),
        entry(
            "hstore: {keys: {phone: {phone: kr}}}",
            "masked values of these keys, NULL for all others",
            "hstore",
            "keys; with other: keep, all other values",
            ALIKE,
            Cost::High,
            ("\"phone\"=>\"010-1124-2486\", \"note\"=>\"ask Kim\"", "\"note\"=>NULL, \"phone\"=>\"010-0341-9296\""),
        ),
        entry(
            "fixed: changed",
            "this value",
            "text, numbers, boolean, dates and times, uuid, inet, json, xml, tsvector, an enum",
            "nothing",
            ALIKE,
            Cost::Free,
            ("$2b$10$hash", "changed"),
        ),
        entry("null", "NULL", "anything that may be NULL", "nothing", ALIKE, Cost::Free, ("a secret", "NULL")),
        entry(
            "sql: upper(left(value, 1))",
            "what the expression makes",
            "anything",
            "what its author vouches for",
            NEITHER,
            Cost::Free,
            ("kim", "K"),
        ),
    ]
}
