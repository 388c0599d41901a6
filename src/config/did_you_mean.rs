//! "Did you mean": the known word that is closest to an unknown one.

/// Returns the known word closest to `word`, or `None` if each of them differs by too many typing errors.
pub fn closest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let length = word.chars().count();
    // One error for every three characters: `kep` is taken for `keep`, but `id` not for `to`.
    let allowed = (length / 3).clamp(1, 4);
    known
        .into_iter()
        // The length alone rules out most candidates, and bounds the cost for a very long word.
        .filter(|candidate| candidate.chars().count().abs_diff(length) <= allowed)
        // Optimal string alignment: insertions, deletions, replacements and swaps of neighbours.
        .map(|candidate| (strsim::osa_distance(&word.to_lowercase(), &candidate.to_lowercase()), candidate))
        .filter(|(distance, candidate)| *distance <= allowed && *distance < candidate.chars().count())
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_close_word_is_proposed() {
        let known = ["prefix", "keep", "max_age", "lease"];
        assert_eq!(closest("perfix", known), Some("prefix"));
        assert_eq!(closest("max-age", known), Some("max_age"));
        assert_eq!(closest("Keep", known), Some("keep"));
        assert_eq!(closest("가나", ["나가"]), Some("나가"));
        assert_eq!(closest("a", ["b"]), None);
        assert_eq!(closest("zone", known), None);
        assert_eq!(closest(&"x".repeat(10_000), known), None);
    }
}
