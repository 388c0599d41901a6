//! Sequences after a load: each goes on behind the values that were loaded, whoever uses it. What the
//! source's sequences stood at is not asked: that needs a right of its own, and counts what was not copied.

use std::collections::BTreeMap;

use super::apply::BATCH;
use super::inspect::OWN;
use crate::pg::{Session, identifier, literal};
use crate::sample::load::error::Result;

struct Sequence {
    name: String,
    start: i64,
    step: i64,
    min: i64,
    max: i64,
    cycle: bool,
    /// Columns that it numbers: table and column in SQL, and whether these are numbers.
    uses: Vec<(String, String, bool)>,
}

/// What a sequence is set to.
#[derive(Debug, PartialEq, Eq)]
enum Next {
    /// It stays at its start.
    Untouched,
    /// It gives this value next.
    Value(i64),
    /// It has given its last.
    Exhausted,
}

/// Sets every sequence; answers sentences on those that could not be computed. `ALTER SEQUENCE` and not
/// `setval`, which no rollback takes back; `START`, increment, bounds and cycle stay as the schema says.
pub(super) async fn set(session: &Session) -> Result<Vec<String>> {
    let sequences = read(session).await?;
    let extremes = extremes(session, &sequences).await?;
    let (mut notes, mut changes) = (Vec::new(), Vec::new());
    for sequence in &sequences {
        if let Some((table, column, _)) = sequence.uses.iter().find(|(_, _, number)| !number) {
            notes.push(format!(
                "sequence {} numbers {table}.{column}, which is no number: it was left at its start",
                sequence.name
            ));
        }
        let found =
            sequence.uses.iter().filter_map(|(table, column, _)| extremes.get(&(table.clone(), column.clone())));
        match next(sequence, found.copied()) {
            Next::Untouched => {}
            Next::Value(value) => {
                changes.push(format!("ALTER SEQUENCE {} RESTART WITH {value}", sequence.name));
            }
            Next::Exhausted => {
                // After RESTART the sequence is a new one of this transaction, and setval is undone with it.
                let (name, last) = (&sequence.name, if sequence.step > 0 { sequence.max } else { sequence.min });
                changes.push(format!(
                    "ALTER SEQUENCE {name} RESTART WITH {last}; SELECT pg_catalog.setval({}, {last})",
                    literal(name)
                ));
                notes.push(format!("sequence {name} has no value left: its last one was loaded"));
            }
        }
    }
    for some in changes.chunks(BATCH) {
        session.run(&some.join(";\n")).await?;
    }
    Ok(notes)
}

fn next(sequence: &Sequence, found: impl Iterator<Item = (i64, i64)>) -> Next {
    // A value outside the bounds did not come from the sequence, and is in nobody's way.
    let inside = |value: &i64| (sequence.min..=sequence.max).contains(value);
    let up = sequence.step > 0;
    let ends = found.map(|(least, greatest)| if up { greatest.min(sequence.max) } else { least.max(sequence.min) });
    let ends: Vec<i64> = ends.filter(inside).collect();
    let last = if up { ends.iter().max() } else { ends.iter().min() };
    let Some(last) = last else { return Next::Untouched };
    match last.checked_add(sequence.step).filter(inside) {
        // Values from before its start: it begins where it was meant to.
        Some(value) if up && value < sequence.start || !up && value > sequence.start => Next::Untouched,
        Some(value) => Next::Value(value),
        None if sequence.cycle => Next::Value(if up { sequence.min } else { sequence.max }),
        None => Next::Exhausted,
    }
}

async fn read(session: &Session) -> Result<Vec<Sequence>> {
    // Used by a column: owned by it (serial) or part of it (identity), or named in its default.
    let rows = session
        .query(
            &format!(
                "WITH used AS (\
                     SELECT d.objid AS sequence, d.refobjid AS relation, d.refobjsubid::int4 AS place \
                     FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass \
                       AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass \
                       AND d.deptype IN ('a', 'i') AND d.refobjsubid > 0 \
                     UNION SELECT d.refobjid, f.adrelid, f.adnum::int4 \
                     FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_attrdef f ON f.oid = d.objid \
                     WHERE d.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass \
                       AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass) \
                 SELECT n.nspname::text, c.relname::text, s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcycle, \
                        tn.nspname::text, t.relname::text, a.attname::text, \
                        (WITH RECURSIVE below AS (\
                             SELECT y.oid, y.typbasetype UNION ALL \
                             SELECT b.oid, b.typbasetype FROM below JOIN pg_catalog.pg_type b ON b.oid = below.typbasetype) \
                         SELECT oid FROM below WHERE typbasetype = 0) IN (20, 21, 23, 1700) \
                 FROM pg_catalog.pg_sequence s JOIN pg_catalog.pg_class c ON c.oid = s.seqrelid \
                 JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
                 JOIN used u ON u.sequence = c.oid \
                 JOIN pg_catalog.pg_class t ON t.oid = u.relation AND t.relkind IN ('r', 'p') \
                 JOIN pg_catalog.pg_namespace tn ON tn.oid = t.relnamespace \
                 JOIN pg_catalog.pg_attribute a ON a.attrelid = t.oid AND a.attnum = u.place \
                 JOIN pg_catalog.pg_type y ON y.oid = a.atttypid \
                 WHERE {OWN} ORDER BY 1, 2, 8, 9, 10"
            ),
            &[],
        )
        .await?;
    let mut sequences: Vec<Sequence> = Vec::new();
    for row in rows {
        let sql = |schema: usize, name: usize| format!("{}.{}", identifier(row.get(schema)), identifier(row.get(name)));
        let name = sql(0, 1);
        if sequences.last().is_none_or(|last| last.name != name) {
            let (start, step, min, max, cycle) = (row.get(2), row.get(3), row.get(4), row.get(5), row.get(6));
            sequences.push(Sequence { name, start, step, min, max, cycle, uses: Vec::new() });
        }
        let used = (sql(7, 8), identifier(row.get(9)), row.get(10));
        sequences.last_mut().into_iter().for_each(|last| last.uses.push(used.clone()));
    }
    Ok(sequences)
}

/// Least and greatest value of each column that a sequence numbers; many tables in one query.
async fn extremes(session: &Session, sequences: &[Sequence]) -> Result<BTreeMap<(String, String), (i64, i64)>> {
    let mut columns: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (table, column, _) in sequences.iter().flat_map(|sequence| &sequence.uses).filter(|(_, _, number)| *number) {
        columns.entry(table).or_default().push(column);
    }
    let mut extremes = BTreeMap::new();
    let columns: Vec<(&str, Vec<&str>)> = columns.into_iter().collect();
    for some in columns.chunks(BATCH) {
        let selects = some.iter().enumerate().map(|(at, (table, columns))| {
            let all: Vec<String> =
                columns.iter().map(|column| format!("{}, {}", bound("min", column), bound("max", column))).collect();
            format!("SELECT {at}, ARRAY[{}] FROM {table}", all.join(", "))
        });
        let selects: Vec<String> = selects.collect();
        for row in session.query(&selects.join(" UNION ALL "), &[]).await? {
            let (table, columns) = &some[usize::try_from(row.get::<_, i32>(0)).unwrap_or_default()];
            let found: Vec<Option<i64>> = row.get(1);
            for (column, pair) in columns.iter().zip(found.chunks(2)) {
                if let [Some(least), Some(greatest)] = pair {
                    extremes.insert(((*table).to_owned(), (*column).to_owned()), (*least, *greatest));
                }
            }
        }
    }
    Ok(extremes)
}

/// The least or greatest value of a column. A numeric may hold what no sequence can; NaN counts as greater than all.
fn bound(function: &str, column: &str) -> String {
    let value = format!("pg_catalog.{function}({column})");
    format!(
        "CASE WHEN {value} IS NOT NULL THEN LEAST(GREATEST(pg_catalog.trunc({value}::numeric), \
         -9223372036854775808), 9223372036854775807)::int8 END"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sequence(start: i64, step: i64, min: i64, max: i64, cycle: bool) -> Sequence {
        Sequence { name: "s".into(), start, step, min, max, cycle, uses: Vec::new() }
    }

    #[test]
    fn it_goes_on_behind_what_was_loaded() {
        fn found(pairs: &[(i64, i64)]) -> impl Iterator<Item = (i64, i64)> {
            pairs.iter().copied()
        }
        let up = sequence(1, 1, 1, i64::MAX, false);
        assert_eq!(next(&up, found(&[])), Next::Untouched);
        assert_eq!(next(&up, found(&[(1, 7), (2, 90)])), Next::Value(91));
        assert_eq!(next(&sequence(1000, 10, 1, i64::MAX, false), found(&[(1, 7)])), Next::Untouched);
        assert_eq!(next(&sequence(-1, -2, -100, -1, false), found(&[(-9, -1)])), Next::Value(-11));
        assert_eq!(next(&sequence(1, 1, 1, 9, true), found(&[(1, 9)])), Next::Value(1));
        assert_eq!(next(&sequence(1, 1, 1, 9, false), found(&[(1, 12)])), Next::Exhausted);
        assert_eq!(next(&sequence(-1, -1, -9, -1, true), found(&[(-9, -1)])), Next::Value(-1));
        assert_eq!(next(&up, found(&[(i64::MIN, i64::MAX)])), Next::Exhausted);
        // Values that only a person could have written do not pull the sequence below its bounds.
        assert_eq!(next(&up, found(&[(-50, -3)])), Next::Untouched);
    }
}
