use std::collections::BTreeSet;

use super::*;

/// The prover relies on the patterns in `name`.
#[test]
fn names_are_numerous_unique_and_match_their_pattern() {
    let korean = |name: &str, most: usize| {
        (1..=most).contains(&name.chars().count()) && name.chars().all(|c| ('가'..='힣').contains(&c))
    };
    let english = |name: &str| {
        name.starts_with(|c: char| c.is_ascii_uppercase()) && name.chars().all(|c| c.is_ascii_alphabetic())
    };
    let families: BTreeSet<String> = korean::families().into_iter().collect();
    assert!(families.len() >= 100 && families.iter().all(|name| korean(name, 2)), "{}", families.len());
    for (list, least, is_name) in [
        (korean::GIVEN, 200, &(|name: &str| korean(name, 2) && name.chars().count() == 2) as &dyn Fn(&str) -> bool),
        (english::GIVEN, 200, &english),
        (english::FAMILIES, 250, &english),
        (korean::ROADS, 60, &|name| korean(name, 8)),
    ] {
        let names: Vec<&str> = list.split_whitespace().collect();
        let once: BTreeSet<&str> = names.iter().copied().collect();
        assert!(names.len() >= least, "{} of {least}", names.len());
        assert_eq!(names.len(), once.len(), "duplicate");
        assert!(names.iter().all(|name| is_name(name)), "{names:?}");
    }
    for list in [korean::DISTRICTS, english::STREETS, english::TOWNS] {
        let places: Vec<&str> = list.split(',').collect();
        assert!(places.len() > 40 && places.iter().all(|place| place.trim() == *place), "{places:?}");
    }
}
