//! Masks of values that contain others, and masks that ignore the value.

use super::entry::{CONSISTENT, Cost, Entry, NEITHER, entry};

#[expect(clippy::too_many_lines, reason = "a table")]
pub(super) fn entries() -> Vec<Entry> {
    vec![
        entry(
            "json: {\"$.user.email\": email}",
            "document with masked values at these paths; an object or array there becomes null",
            "json, jsonb",
            "everything else",
            CONSISTENT,
            Cost::High,
            (
                "{\"id\": 7, \"user\": {\"email\": \"a@b.c\"}}",
                "{\"id\": 7, \"user\": {\"email\": \"u88fc85c6785c54cb59d6@example.com\"}}",
            ),
        ),
        entry(
            "json: {\"$..phone\": {phone: kr}, \"$.tags[*]\": username}",
            "masked values at any depth and in every element; one traversal for all paths",
            "json, jsonb",
            "everything else",
            CONSISTENT,
            Cost::High,
            (
                "{\"tags\": [\"minsu\"], \"sent\": [{\"phone\": \"010-1124-2486\"}]}",
                "{\"sent\": [{\"phone\": \"010-0341-9296\"}], \"tags\": [\"user_52fa5acfe7ff4c0d\"]}",
            ),
        ),
        entry(
            "json: shape",
            "shape of every string, 0 for every number",
            "json, jsonb",
            "keys, true, false, null, structure",
            CONSISTENT,
            Cost::High,
            (
                "{\"name\": \"Kim\", \"sent\": [\"010-1124-2486\", 7]}",
                "{\"name\": \"Xxx\", \"sent\": [\"000-0000-0000\", 0]}",
            ),
        ),
        entry(
            "range: {shift: 30}",
            "range shifted by 1 to 30 days or units",
            "ranges and multiranges of integers, numeric, dates and timestamps",
            "length, inclusive and exclusive bounds, infinite bounds, empty ranges",
            CONSISTENT,
            Cost::High,
            ("[2024-03-01,2024-04-01)", "[2024-03-15,2024-04-15)"),
        ),
        entry(
            "composite: {street: {fake: korean_address}, zip: {postal_code: kr}, country: keep}",
            "composite with a mask for every attribute",
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
            CONSISTENT,
            Cost::High,
            ("\"phone\"=>\"010-1124-2486\", \"note\"=>\"ask Kim\"", "\"note\"=>NULL, \"phone\"=>\"010-0341-9296\""),
        ),
        entry(
            "fixed: changed",
            "this value",
            "text, numbers, boolean, dates and times, uuid, inet, json, xml, tsvector, an enum",
            "nothing",
            CONSISTENT,
            Cost::Free,
            ("$2b$10$hash", "changed"),
        ),
        entry("null", "NULL", "anything that may be NULL", "nothing", CONSISTENT, Cost::Free, ("a secret", "NULL")),
        entry(
            "sql: upper(left(value, 1))",
            "value of the expression",
            "anything",
            "whatever the expression keeps",
            NEITHER,
            Cost::Free,
            ("kim", "K"),
        ),
    ]
}
