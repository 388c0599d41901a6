//! Which file imports from which: `use` items and paths, resolved through re-exports to the file that
//! defines the item. `mod` declarations are no imports.

use std::collections::{BTreeMap, BTreeSet};

use super::source::{Source, without_comment};

/// A path as a list of segments, without `crate`.
type Segments = Vec<String>;

/// One leaf of a `use` tree.
struct Leaf {
    path: Segments,
    alias: Option<String>,
    public: bool,
}

/// One file: its imports by the name that they bind, and what it defines.
struct Module {
    file: String,
    code: String,
    /// Name → absolute path.
    names: BTreeMap<String, Segments>,
    reexports: BTreeMap<String, Segments>,
    public_globs: Vec<Segments>,
    leaves: Vec<Segments>,
}

/// The modules of a crate by path.
pub struct Crate {
    modules: BTreeMap<Segments, Module>,
}

impl Crate {
    /// Parses the files of a crate; their paths begin with `src/`.
    pub fn parse(files: &[Source]) -> Crate {
        let paths: BTreeSet<Segments> = files.iter().map(|file| module_path(&file.path)).collect();
        let modules = files
            .iter()
            .filter(|file| !file.is_test_only())
            .map(|file| {
                let path = module_path(&file.path);
                let module = Module::parse(file, &path, &paths);
                (path, module)
            })
            .collect();
        Crate { modules }
    }

    /// The files that each file imports from, itself excluded.
    pub fn imports(&self) -> BTreeMap<&str, BTreeSet<&str>> {
        let mut all = BTreeMap::new();
        for (path, module) in &self.modules {
            let inline = module.inline_paths();
            let inline =
                inline.iter().filter_map(|segments| absolute(segments, path, &module.names, &self.children(path)));
            let mut targets = BTreeSet::new();
            for target in module.leaves.iter().cloned().chain(inline) {
                if let Some(file) = self.defining_file(&target, 0) {
                    targets.insert(file);
                }
            }
            targets.remove(module.file.as_str());
            all.insert(module.file.as_str(), targets);
        }
        all
    }

    fn children(&self, path: &Segments) -> BTreeSet<String> {
        let is_child = |other: &&Segments| other.len() == path.len() + 1 && other.starts_with(path);
        self.modules.keys().filter(is_child).filter_map(|child| child.last().cloned()).collect()
    }

    /// The file that defines the item at a path; `None` for a module itself and for what is not found.
    fn defining_file(&self, target: &[String], depth: usize) -> Option<&str> {
        if depth > 8 {
            return None;
        }
        let mut at = 0;
        while at < target.len() && self.modules.contains_key(&target[..=at]) {
            at += 1;
        }
        let item = target.get(at)?;
        let module = self.modules.get(&target[..at])?;
        if defines(&module.code, item) {
            return Some(&module.file);
        }
        let follow = |path: &Segments| self.defining_file(path, depth + 1);
        if let Some(found) = module.reexports.get(item).or_else(|| module.names.get(item)).and_then(|path| {
            let mut path = path.clone();
            path.extend_from_slice(&target[at + 1..]);
            follow(&path)
        }) {
            return Some(found);
        }
        module.public_globs.iter().find_map(|glob| follow(&[glob.as_slice(), &target[at..]].concat()))
    }
}

impl Module {
    fn parse(file: &Source, path: &Segments, modules: &BTreeSet<Segments>) -> Module {
        let mut code = String::new();
        for line in file.without_tests().lines() {
            code.push_str(without_comment(line));
            code.push('\n');
        }
        let is_child = |other: &&Segments| other.len() == path.len() + 1 && other.starts_with(path);
        let children: BTreeSet<String> =
            modules.iter().filter(is_child).filter_map(|child| child.last().cloned()).collect();
        let mut module = Module {
            file: file.path.clone(),
            code: String::new(),
            names: BTreeMap::new(),
            reexports: BTreeMap::new(),
            public_globs: Vec::new(),
            leaves: Vec::new(),
        };
        let (uses, rest) = use_items(&code);
        let leaves: Vec<Leaf> = uses.iter().flat_map(|(public, tree)| leaves(tree, *public)).collect();
        for leaf in leaves {
            let mut segments = leaf.path;
            let glob = segments.last().is_some_and(|last| last == "*");
            if glob || segments.last().is_some_and(|last| last == "self") {
                segments.pop();
            }
            let Some(target) = absolute(&segments, path, &module.names, &children) else { continue };
            if glob {
                if leaf.public {
                    module.public_globs.push(target);
                }
                continue;
            }
            let name = leaf.alias.or_else(|| target.last().cloned()).unwrap_or_default();
            if leaf.public {
                module.reexports.insert(name, target);
            } else {
                module.leaves.push(target.clone());
                module.names.insert(name, target);
            }
        }
        module.code = rest;
        module
    }

    /// Paths of two or more segments outside `use` items.
    fn inline_paths(&self) -> Vec<Segments> {
        let mut found = Vec::new();
        let mut current: Segments = Vec::new();
        let mut joined = false;
        for token in tokens(&self.code) {
            if token == "::" {
                joined = !current.is_empty();
            } else if is_word(token) {
                if !joined {
                    push_path(&mut found, &mut current);
                }
                current.push(token.to_owned());
                joined = false;
            } else {
                push_path(&mut found, &mut current);
                joined = false;
            }
        }
        push_path(&mut found, &mut current);
        found
    }
}

fn push_path(found: &mut Vec<Segments>, current: &mut Segments) {
    if current.len() > 1 {
        found.push(std::mem::take(current));
    }
    current.clear();
}

/// `src/a/b/mod.rs` and `src/a/b.rs` are `[a, b]`.
fn module_path(file: &str) -> Segments {
    let below = file.trim_start_matches("src/").trim_end_matches(".rs").trim_end_matches("/mod");
    let root = ["lib", "main"].contains(&below);
    if root { Vec::new() } else { below.split('/').map(str::to_owned).collect() }
}

/// A path relative to a module, as an absolute one; `None` for other crates and local names.
fn absolute(
    segments: &[String],
    module: &[String],
    names: &BTreeMap<String, Segments>,
    children: &BTreeSet<String>,
) -> Option<Segments> {
    let (first, mut rest) = segments.split_first()?;
    let mut base: Segments = match first.as_str() {
        "crate" => Vec::new(),
        "self" => module.to_vec(),
        "super" => module[..module.len().checked_sub(1)?].to_vec(),
        name => match names.get(name) {
            Some(path) => path.clone(),
            None if children.contains(name) => [module, std::slice::from_ref(first)].concat(),
            None => return None,
        },
    };
    while rest.first().is_some_and(|segment| segment == "super") {
        base.pop()?;
        rest = &rest[1..];
    }
    base.extend_from_slice(rest);
    Some(base)
}

/// Whether a file's code defines an item of this name.
fn defines(code: &str, item: &str) -> bool {
    const KINDS: [&str; 9] = ["fn", "struct", "enum", "trait", "type", "const", "static", "union", "macro_rules"];
    let mut before = "";
    for token in tokens(code).filter(|token| *token != "!") {
        if token == item && KINDS.contains(&before) {
            return true;
        }
        before = token;
    }
    false
}

/// The `use` items of a file, whether each is a re-export, and the code without them.
fn use_items(code: &str) -> (Vec<(bool, String)>, String) {
    let (mut items, mut rest) = (Vec::new(), String::new());
    let mut lines = code.lines();
    while let Some(line) = lines.next() {
        let trimmed = line.trim_start();
        let (public, tail) = match trimmed.strip_prefix("pub") {
            Some(after) if after.starts_with('(') => {
                (true, after.split_once(')').map_or("", |(_, tail)| tail).trim_start())
            }
            Some(after) => (true, after.trim_start()),
            None => (false, trimmed),
        };
        let Some(tree) = tail.strip_prefix("use ") else {
            rest.push_str(line);
            rest.push('\n');
            continue;
        };
        let mut tree = tree.to_owned();
        while !tree.contains(';') {
            let Some(more) = lines.next() else { break };
            tree.push_str(more);
        }
        items.push((public, tree));
    }
    (items, rest)
}

/// The leaves of a `use` tree such as `a::{b, c::{self, d as e}, f::*};`.
fn leaves(tree: &str, public: bool) -> Vec<Leaf> {
    let tokens: Vec<&str> = tokens(tree).collect();
    let mut out = Vec::new();
    let mut prefixes: Vec<Segments> = vec![Vec::new()];
    let mut current: Segments = Vec::new();
    let mut alias = None;
    let mut index = 0;
    let mut just_closed = false;
    while index < tokens.len() {
        match tokens[index] {
            "{" => {
                prefixes.push(std::mem::take(&mut current));
                current = prefixes.last().cloned().unwrap_or_default();
            }
            close @ ("," | "}" | ";") => {
                let prefix = prefixes.last().cloned().unwrap_or_default();
                if current.len() > prefix.len() && !just_closed {
                    out.push(Leaf { path: current, alias: alias.take(), public });
                }
                just_closed = false;
                if close == "}" {
                    prefixes.pop();
                    just_closed = true;
                }
                current = prefixes.last().cloned().unwrap_or_default();
            }
            "as" => {
                index += 1;
                alias = tokens.get(index).map(|name| (*name).to_owned());
            }
            "::" => {}
            word => current.push(word.to_owned()),
        }
        index += 1;
    }
    out
}

fn is_word(token: &str) -> bool {
    token.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

/// Words, `::`, and single other characters; white space and string literals are left out.
fn tokens(code: &str) -> impl Iterator<Item = &str> {
    let mut rest = code;
    std::iter::from_fn(move || {
        loop {
            rest = rest.trim_start();
            let first = rest.chars().next()?;
            let length = if first.is_alphanumeric() || first == '_' {
                rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len())
            } else if rest.starts_with("::") {
                2
            } else if first == '"' {
                let bytes = rest.as_bytes();
                let mut end = 1;
                while end < bytes.len() && bytes[end] != b'"' {
                    end += if bytes[end] == b'\\' { 2 } else { 1 };
                }
                rest = rest.get(end + 1..).unwrap_or_default();
                continue;
            } else {
                first.len_utf8()
            };
            let (token, tail) = rest.split_at(length);
            rest = tail;
            return Some(token);
        }
    })
}
