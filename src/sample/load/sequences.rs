//! Sequences after a load: each is set to the maximum of the columns that it numbers. The positions of the source's
//! sequences are not used: reading them needs a privilege of its own, and they count rows that were not copied.

use std::collections::BTreeMap;

use super::apply::BATCH;
use super::error::Result;
use super::inspect::USER_SCHEMAS;
use crate::pg::{Session, identifier, literal};

/// A sequence that numbers columns.
struct Sequence {
    name: String,
    start: i64,
    step: i64,
    min: i64,
    max: i64,
    cycle: bool,
    /// The columns that it numbers: quoted table and column, and whether the column is numeric.
    uses: Vec<(String, String, bool)>,
}

/// The new position of a sequence.
#[derive(Debug, PartialEq, Eq)]
enum Position {
    /// The start value.
    Start,
    /// This value is the next one.
    Next(i64),
    /// There is no next value.
    Exhausted,
}

/// Sets every sequence. Returns notes on those that could not be set. Uses `ALTER SEQUENCE`, because `setval` is not
/// rolled back. Start, increment, bounds and cycle stay as the schema defines them.
pub(super) async fn set(session: &Session) -> Result<Vec<String>> {
    let sequences = read(session).await?;
    let extremes = extremes(session, &sequences).await?;
    let (mut notes, mut changes) = (Vec::new(), Vec::new());
    for sequence in &sequences {
        if let Some((table, column, _)) = sequence.uses.iter().find(|(_, _, number)| !number) {
            notes.push(format!(
                "sequence {} is at its start value: {table}.{column}, which it numbers, is not numeric",
                sequence.name
            ));
        }
        let found =
            sequence.uses.iter().filter_map(|(table, column, _)| extremes.get(&(table.clone(), column.clone())));
        match position(sequence, found.copied()) {
            Position::Start => {}
            Position::Next(value) => {
                changes.push(format!("ALTER SEQUENCE {} RESTART WITH {value}", sequence.name));
            }
            Position::Exhausted => {
                // RESTART gives the sequence new storage in this transaction, so setval is rolled back with it.
                let (name, last) = (&sequence.name, if sequence.step > 0 { sequence.max } else { sequence.min });
                changes.push(format!(
                    "ALTER SEQUENCE {name} RESTART WITH {last}; SELECT pg_catalog.setval({}, {last})",
                    literal(name)
                ));
                notes.push(format!("sequence {name} is exhausted: its last value was loaded"));
            }
        }
    }
    for batch in changes.chunks(BATCH) {
        session.run(&batch.join(";\n")).await?;
    }
    Ok(notes)
}

/// Returns the new position of a sequence from the minimum and maximum of each column that it numbers.
fn position(sequence: &Sequence, found: impl Iterator<Item = (i64, i64)>) -> Position {
    // A value outside the bounds is not from the sequence and cannot collide with its values.
    let inside = |value: &i64| (sequence.min..=sequence.max).contains(value);
    let up = sequence.step > 0;
    let ends = found.map(|(least, greatest)| if up { greatest.min(sequence.max) } else { least.max(sequence.min) });
    let ends: Vec<i64> = ends.filter(inside).collect();
    let last = if up { ends.iter().max() } else { ends.iter().min() };
    let Some(last) = last else { return Position::Start };
    match last.checked_add(sequence.step).filter(inside) {
        // Values before the start value: the start value is free.
        Some(value) if up && value < sequence.start || !up && value > sequence.start => Position::Start,
        Some(value) => Position::Next(value),
        None if sequence.cycle => Position::Next(if up { sequence.min } else { sequence.max }),
        None => Position::Exhausted,
    }
}

/// Reads the sequences that number columns.
async fn read(session: &Session) -> Result<Vec<Sequence>> {
    // A sequence numbers a column that owns it (serial), that it is part of (identity), or whose default names it.
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
                 WHERE {USER_SCHEMAS} ORDER BY 1, 2, 8, 9, 10"
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

/// Returns the minimum and maximum of each column that a sequence numbers. Many tables are read by one query.
async fn extremes(session: &Session, sequences: &[Sequence]) -> Result<BTreeMap<(String, String), (i64, i64)>> {
    let mut columns: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (table, column, _) in sequences.iter().flat_map(|sequence| &sequence.uses).filter(|(_, _, number)| *number) {
        columns.entry(table).or_default().push(column);
    }
    let mut extremes = BTreeMap::new();
    let columns: Vec<(&str, Vec<&str>)> = columns.into_iter().collect();
    for batch in columns.chunks(BATCH) {
        let selects = batch.iter().enumerate().map(|(at, (table, columns))| {
            let all: Vec<String> =
                columns.iter().map(|column| format!("{}, {}", bound("min", column), bound("max", column))).collect();
            format!("SELECT {at}, ARRAY[{}] FROM {table}", all.join(", "))
        });
        let selects: Vec<String> = selects.collect();
        for row in session.query(&selects.join(" UNION ALL "), &[]).await? {
            let (table, columns) = &batch[usize::try_from(row.get::<_, i32>(0)).unwrap_or_default()];
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

/// Returns SQL for the minimum or maximum of a column, limited to the range of a sequence. NaN counts as greater than all
/// numbers.
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
    fn the_next_value_is_behind_the_maximum() {
        fn found(pairs: &[(i64, i64)]) -> impl Iterator<Item = (i64, i64)> {
            pairs.iter().copied()
        }
        let up = sequence(1, 1, 1, i64::MAX, false);
        assert_eq!(position(&up, found(&[])), Position::Start);
        assert_eq!(position(&up, found(&[(1, 7), (2, 90)])), Position::Next(91));
        assert_eq!(position(&sequence(1000, 10, 1, i64::MAX, false), found(&[(1, 7)])), Position::Start);
        assert_eq!(position(&sequence(-1, -2, -100, -1, false), found(&[(-9, -1)])), Position::Next(-11));
        assert_eq!(position(&sequence(1, 1, 1, 9, true), found(&[(1, 9)])), Position::Next(1));
        assert_eq!(position(&sequence(1, 1, 1, 9, false), found(&[(1, 12)])), Position::Exhausted);
        assert_eq!(position(&sequence(-1, -1, -9, -1, true), found(&[(-9, -1)])), Position::Next(-1));
        assert_eq!(position(&up, found(&[(i64::MIN, i64::MAX)])), Position::Exhausted);
        // Values outside the bounds do not move the sequence.
        assert_eq!(position(&up, found(&[(-50, -3)])), Position::Start);
    }
}
