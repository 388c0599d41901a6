//! The closure of random schemas and rows, compared with one that is computed by brute force over all pairs of rows.

use std::fmt::Write as _;

use devdb::config::EdgeRule;
use devdb::sample::Masks;
use futures_util::TryStreamExt;

use crate::on_every_version;
use crate::support::cluster::{Cluster, Version};

use super::scene::{GRANT_ALL, READER, config, rows_where, select_from, source};

on_every_version!(every_closure_is_exact);

/// The number of schemas for each version.
const CASES: u64 = 40;

/// A random number generator with the same sequence for a seed on every machine (xorshift64*).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % sides
    }

    fn chance(&mut self, percent: usize) -> bool {
        self.roll(100) < percent
    }
}

/// What distinguishes the rows of a table.
#[derive(Clone, Copy, PartialEq)]
enum Shape {
    /// `a` is the primary key.
    Single,
    /// `(b, a)` is the primary key.
    Pair,
    /// `k`, a text, is the primary key.
    Text,
    /// No key, and duplicates.
    Bare,
    /// No key for the whole table, which has two partitions.
    Split,
}

struct Table {
    shape: Shape,
    /// The values of the columns.
    rows: Vec<Row>,
    extent: &'static str,
}

#[derive(Clone)]
struct Row {
    tag: i32,
    a: i32,
    b: i32,
    u: Option<i32>,
    /// By edge from this table, the referencing values; `None` for NULL.
    refers: Vec<Vec<Option<i32>>>,
}

#[derive(Clone, Copy, PartialEq)]
enum Key {
    Primary,
    Unique,
}

struct Edge {
    from: usize,
    /// Its index among the edges of `from`.
    nth: usize,
    to: usize,
    key: Key,
    full: bool,
    rule: EdgeRule,
}

struct World {
    tables: Vec<Table>,
    edges: Vec<Edge>,
}

impl World {
    fn new(dice: &mut Dice) -> World {
        let shapes = [Shape::Single, Shape::Pair, Shape::Text, Shape::Bare, Shape::Split, Shape::Single];
        let mut tag = 0;
        let mut tables: Vec<Table> = Vec::new();
        for number in 0..2 + dice.roll(5) {
            let shape = shapes[dice.roll(shapes.len())];
            let mut rows: Vec<Row> = Vec::new();
            let most = if number == 0 { 6 + dice.roll(20) } else { dice.roll(40) };
            for at in 0..most as i32 {
                tag += 1;
                // Unique in a way that overlaps between tables, in places of all sizes.
                let row =
                    Row { tag, a: at * 7 - 20, b: at / 3, u: dice.chance(70).then_some(1000 - at), refers: Vec::new() };
                rows.push(row);
            }
            let extent = if dice.chance(8) { "all" } else { "" };
            tables.push(Table { shape, rows, extent });
        }
        let mut edges: Vec<Edge> = Vec::new();
        for _ in 0..1 + dice.roll(8) {
            let (from, to) = (dice.roll(tables.len()), dice.roll(tables.len()));
            let key = match tables[to].shape {
                Shape::Bare | Shape::Split => continue,
                _ if dice.chance(30) => Key::Unique,
                _ => Key::Primary,
            };
            let nth = edges.iter().filter(|edge| edge.from == from).count();
            let full = dice.chance(30);
            let rule = match dice.roll(10) {
                0 | 1 => EdgeRule::Stop,
                2 => EdgeRule::Null,
                3 if from == to => EdgeRule::Follow,
                _ if from == to => EdgeRule::Stop,
                _ => EdgeRule::Follow,
            };
            edges.push(Edge { from, nth, to, key, full, rule });
        }
        let mut world = World { tables, edges };
        for at in 0..world.edges.len() {
            world.refer(dice, at);
        }
        for table in world.tables.iter_mut().filter(|table| matches!(table.shape, Shape::Bare | Shape::Split)) {
            for at in 0..table.rows.len() {
                if dice.chance(30) {
                    let again = table.rows[at].clone();
                    table.rows.push(again);
                }
            }
        }
        world
    }

    fn width(&self, edge: &Edge) -> usize {
        if edge.key == Key::Primary && self.tables[edge.to].shape == Shape::Pair { 2 } else { 1 }
    }

    fn key(&self, edge: &Edge, row: &Row) -> Option<Vec<i32>> {
        match (edge.key, self.tables[edge.to].shape) {
            (Key::Unique, _) => row.u.map(|u| vec![u]),
            (Key::Primary, Shape::Pair) => Some(vec![row.b, row.a]),
            (Key::Primary, _) => Some(vec![row.a]),
        }
    }

    fn refer(&mut self, dice: &mut Dice, at: usize) {
        let edge = &self.edges[at];
        let keys: Vec<Vec<i32>> = self.tables[edge.to].rows.iter().filter_map(|row| self.key(edge, row)).collect();
        let (width, from, full) = (self.width(edge), edge.from, edge.full);
        for row in &mut self.tables[from].rows {
            let mut values: Vec<Option<i32>> = match keys.len() {
                0 => vec![None; width],
                some if dice.chance(80) => keys[dice.roll(some)].iter().copied().map(Some).collect(),
                _ => vec![None; width],
            };
            if width == 2 && !full && dice.chance(20) {
                // A partly NULL key refers to nothing and need not exist.
                values = vec![None, Some(99)];
                if dice.chance(50) {
                    values.reverse();
                }
            }
            row.refers.push(values);
        }
    }

    fn columns(&self, edge: &Edge) -> Vec<String> {
        (0..self.width(edge)).map(|part| format!("r{}_{part}", edge.nth)).collect()
    }

    #[expect(clippy::too_many_lines, reason = "one scenario over a random schema")]
    fn sql(&self, dice: &mut Dice) -> String {
        let mut sql = String::new();
        for (at, table) in self.tables.iter().enumerate() {
            let mut columns =
                vec!["a int NOT NULL".to_owned(), "b int NOT NULL".into(), "k text NOT NULL".into(), "u bigint".into()];
            for edge in self.edges.iter().filter(|edge| edge.from == at) {
                let is_text = edge.key == Key::Primary && self.tables[edge.to].shape == Shape::Text;
                let kind = if is_text { "text" } else { ["int", "bigint"][dice.roll(2)] };
                columns.extend(self.columns(edge).iter().map(|name| format!("{name} {kind}")));
            }
            columns.push("tag int".into());
            match table.shape {
                Shape::Single => columns.push("PRIMARY KEY (a)".into()),
                Shape::Pair => columns.push("PRIMARY KEY (b, a)".into()),
                Shape::Text => columns.push("PRIMARY KEY (k)".into()),
                Shape::Bare | Shape::Split => {}
            }
            let parts = if table.shape == Shape::Split { " PARTITION BY RANGE (b)" } else { "" };
            let _ = write!(sql, "CREATE TABLE s.t{at} ({}){parts};", columns.join(", "));
            if table.shape == Shape::Split {
                let _ = write!(sql, "CREATE TABLE s.t{at}_low PARTITION OF s.t{at} FOR VALUES FROM (MINVALUE) TO (2);");
                let _ = write!(sql, "CREATE TABLE s.t{at}_high PARTITION OF s.t{at} DEFAULT;");
            } else if !matches!(table.shape, Shape::Bare) {
                let _ = write!(sql, "ALTER TABLE s.t{at} ADD UNIQUE (u);");
            }
            for row in &table.rows {
                let mut values = vec![row.a.to_string(), row.b.to_string(), format!("'k{}'", row.a)];
                values.push(row.u.map_or("NULL".into(), |u| u.to_string()));
                for edge in self.edges.iter().filter(|edge| edge.from == at) {
                    let is_text = edge.key == Key::Primary && self.tables[edge.to].shape == Shape::Text;
                    let write = |value: &Option<i32>| match value {
                        None => "NULL".to_owned(),
                        Some(value) if is_text => format!("'k{value}'"),
                        Some(value) => value.to_string(),
                    };
                    values.extend(row.refers[edge.nth].iter().map(write));
                }
                values.push(row.tag.to_string());
                let _ = write!(sql, "INSERT INTO s.t{at} VALUES ({});", values.join(", "));
            }
        }
        for edge in &self.edges {
            let key = match (edge.key, self.tables[edge.to].shape) {
                (Key::Unique, _) => "u",
                (Key::Primary, Shape::Pair) => "b, a",
                (Key::Primary, Shape::Text) => "k",
                (Key::Primary, _) => "a",
            };
            let names = self.columns(edge).join(", ");
            let (from, to) = (edge.from, edge.to);
            let full = if edge.full { " MATCH FULL" } else { "" };
            let _ = write!(sql, "ALTER TABLE s.t{from} ADD FOREIGN KEY ({names}) REFERENCES s.t{to} ({key}){full};");
            let is_always = self.tables[from].rows.iter().all(|row| row.refers[edge.nth].iter().all(Option::is_some));
            if is_always && edge.rule != EdgeRule::Null && dice.chance(60) {
                for name in self.columns(edge) {
                    let _ = write!(sql, "ALTER TABLE s.t{from} ALTER {name} SET NOT NULL;");
                }
            }
            if dice.chance(50) {
                let _ = write!(sql, "CREATE INDEX ON s.t{from} ({names});");
            }
        }
        sql
    }

    fn yaml(&self) -> String {
        let mut yaml = "root: s.t0\n".to_owned();
        let edges: Vec<String> = self
            .edges
            .iter()
            .map(|edge| {
                let rule = match edge.rule {
                    EdgeRule::Stop => "stop",
                    EdgeRule::Null => "null",
                    _ => "follow",
                };
                format!("{{ table: s.t{}, columns: [{}], rule: {rule} }}", edge.from, self.columns(edge).join(", "))
            })
            .collect();
        let _ = writeln!(yaml, "edges: [{}]", edges.join(", "));
        let extents: Vec<String> = self
            .tables
            .iter()
            .enumerate()
            .filter(|(_, table)| !table.extent.is_empty())
            .map(|(at, table)| format!("s.t{at}: {}", table.extent))
            .collect();
        let _ = writeln!(yaml, "tables: {{ {} }}", extents.join(", "));
        yaml
    }

    /// Returns the tags of the rows of each table that belong to the sample.
    fn closure(&self, seeds: &dyn Fn(&Row) -> bool) -> Vec<Vec<i32>> {
        let refers = |edge: &Edge, from: &Row, to: &Row| {
            let values: Option<Vec<i32>> = from.refers[edge.nth].iter().copied().collect();
            values.is_some() && values == self.key(edge, to)
        };
        let none = || self.tables.iter().map(|table| vec![false; table.rows.len()]).collect::<Vec<_>>();
        let (mut owned, mut all) = (none(), none());
        for (at, row) in self.tables[0].rows.iter().enumerate() {
            owned[0][at] = seeds(row);
        }
        loop {
            let before = (owned.clone(), all.clone());
            for (at, table) in self.tables.iter().enumerate() {
                for row in 0..table.rows.len() {
                    all[at][row] |= owned[at][row] || table.extent == "all";
                }
            }
            for edge in self.edges.iter().filter(|edge| edge.rule != EdgeRule::Null) {
                for (child, from) in self.tables[edge.from].rows.iter().enumerate() {
                    for (parent, to) in self.tables[edge.to].rows.iter().enumerate() {
                        if refers(edge, from, to) {
                            owned[edge.from][child] |= edge.rule == EdgeRule::Follow && owned[edge.to][parent];
                            all[edge.to][parent] |= all[edge.from][child];
                        }
                    }
                }
            }
            if before == (owned.clone(), all.clone()) {
                break;
            }
        }
        let tags = |(table, all): (&Table, &Vec<bool>)| {
            let mut tags: Vec<i32> =
                table.rows.iter().zip(all).filter(|(_, is_in)| **is_in).map(|(row, _)| row.tag).collect();
            tags.sort_unstable();
            tags
        };
        self.tables.iter().zip(&all).map(tags).collect()
    }
}

/// Returns the last column of every row in a binary COPY, which is the tag.
fn tags(mut bytes: &[u8]) -> Vec<i32> {
    assert_eq!(&bytes[..11], b"PGCOPY\n\xff\r\n\0");
    bytes = &bytes[19..];
    let mut tags = Vec::new();
    loop {
        let (count, mut rest) = bytes.split_at(2);
        if count == [0xff, 0xff] {
            assert!(rest.is_empty(), "{} bytes after the trailer", rest.len());
            tags.sort_unstable();
            return tags;
        }
        let mut value: &[u8] = &[];
        for _ in 0..i16::from_be_bytes([count[0], count[1]]) {
            let (length, after) = rest.split_at(4);
            let length = i32::from_be_bytes(length.try_into().unwrap());
            (value, rest) = after.split_at(usize::try_from(length).unwrap_or(0));
        }
        tags.push(i32::from_be_bytes(value.try_into().unwrap()));
        bytes = rest;
    }
}

async fn every_closure_is_exact(version: Version) {
    let cluster = Cluster::start(&version, &[]).await;
    cluster.sql("postgres", READER).await;
    cluster.sql("postgres", "CREATE DATABASE app").await;
    let master = cluster.superuser("app").await;
    let source = source(cluster.port(), "reader", "r").await;
    let mut found = 0;
    for case in 0..CASES {
        let seed = 0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(case + 1 + u64::from(version.major) * 1000);
        let mut dice = Dice(seed);
        let world = World::new(&mut dice);
        let sql = world.sql(&mut dice);
        master.run("DROP SCHEMA IF EXISTS s CASCADE; CREATE SCHEMA s").await.unwrap();
        master.run(&sql).await.unwrap_or_else(|error| panic!("case {case}: {error}\n{sql}"));
        if case % 2 == 0 {
            master.run("ANALYZE").await.unwrap();
        }
        master.run(GRANT_ALL).await.unwrap();
        let remainder = dice.roll(3) as i32;
        let expected = world.closure(&|row| row.tag % 3 == remainder);
        let yaml = world.yaml();
        let seeds = [rows_where("s.t0", &format!("tag % 3 = {remainder}"), None)];
        let selection = select_from(&source, &config("", &yaml), &seeds).await;
        let selection = selection.unwrap_or_else(|error| panic!("case {case}: {error}\n{sql}\n{yaml}"));
        let extraction = selection.extract(&Masks::new());
        for (at, expected) in expected.iter().enumerate() {
            let mut bytes = Vec::new();
            let mut stream = extraction.copy(at, 0).await.unwrap();
            while let Some(more) = stream.try_next().await.unwrap() {
                bytes.extend_from_slice(&more);
            }
            assert_eq!(extraction.tables()[at].table, format!("t{at}"));
            assert_eq!(tags(&bytes), *expected, "case {case}, table t{at}\n{sql}\n{yaml}seeds: {seeds:?}");
            assert_eq!(extraction.tables()[at].rows, expected.len() as u64, "case {case}, table t{at}");
            found += expected.len();
        }
    }
    assert!(found > 500, "only {found} rows in all samples together: the cases are too small to show anything");
}
