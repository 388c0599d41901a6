//! Groups of digits whose weighted sum has a known rest, so that a whole number's checksum is known
//! without computing it in SQL.

/// Groups of `digits` digits whose sum, each digit taken through `weigh` with its position, leaves
/// `rest` under `modulus`; `count` of them, spread over the range.
pub(super) fn groups(
    digits: u32,
    modulus: u32,
    rest: u32,
    count: usize,
    weigh: impl Fn(usize, u32) -> u32,
) -> Vec<String> {
    let right: Vec<String> = (1..10_u32.pow(digits))
        .map(|number| format!("{number:0width$}", width = digits as usize))
        .filter(|group| sum(group, &weigh) % modulus == rest)
        .collect();
    let step = (right.len() / count).max(1);
    right.into_iter().step_by(step).take(count).collect()
}

/// The weighted sum of the digits of a text.
pub(super) fn sum(group: &str, weigh: impl Fn(usize, u32) -> u32) -> u32 {
    group.chars().filter_map(|c| c.to_digit(10)).enumerate().map(|(position, digit)| weigh(position, digit)).sum()
}
