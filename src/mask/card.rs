//! Card number of a test range (4000 00…): 16 digits with the original separators. By default it fails the Luhn
//! check; `valid` passes it, for applications that validate card numbers.
//!
//! Groups of four digits come from lists whose Luhn sums have a known remainder.

use crate::config::mask::CardKind;

use super::checksum::groups;
use super::output::{Case, Distinct, MaskInput, MaskOutput, OutputFormat};
use super::refusal::RefusalReason;
use super::sql::{call, case_when, concat, op, pick, text};

const LENGTH: usize = 19;

pub(super) fn make(kind: CardKind, input: &MaskInput<'_>) -> Result<MaskOutput, RefusalReason> {
    input.ensure_text()?;
    let value = input.text();
    let class = input.key.class("card");
    let second = second_groups();
    let third = groups(4, 10, 0, 200, luhn);
    let fourth = last_groups(kind);
    let pick_group = |list: &[String], label: &str| pick(list, &class.choice(&value, label, list.len()));
    let groups =
        [text("4000"), pick_group(&second, "second"), pick_group(&third, "third"), pick_group(&fourth, "fourth")];
    let joined = |by: &str| {
        let by = text(by);
        concat(&[&groups[0], &by, &groups[1], &by, &groups[2], &by, &groups[3]])
    };
    let plain = concat(&[&groups[0], &groups[1], &groups[2], &groups[3]]);
    let has = |separator: &str| op(&call("strpos", &[&value, &text(separator)]), ">", "0");
    // A column too short for separators has none.
    let (sql, longest) = if input.max_chars < LENGTH {
        input.ensure_fits(LENGTH - 3)?;
        (plain, LENGTH - 3)
    } else {
        (case_when(&has("-"), &joined("-"), &case_when(&has(" "), &joined(" "), &plain)), LENGTH)
    };
    let pattern = |by: &str| format!("4000({by}[0-9]{{4}}){{3}}");
    let format = if longest < LENGTH {
        OutputFormat::Pattern(pattern(""))
    } else {
        let cases = vec![Case::new(".*-.*", pattern("-")), Case::new("[^-]* [^-]*", pattern(" "))];
        OutputFormat::ByInput { cases, otherwise: pattern("") }
    };
    Ok(MaskOutput { plain: true, format, ..MaskOutput::text(sql, LENGTH - 3, longest, Distinct::No) })
}

/// Luhn weight of a digit, by its position from the left in a group of four.
fn luhn(position: usize, digit: u32) -> u32 {
    let counted = if position.is_multiple_of(2) { 2 * digit } else { digit };
    if counted > 9 { counted - 9 } else { counted }
}

/// Groups `00..` whose sum compensates that of the first group, 8.
fn second_groups() -> Vec<String> {
    groups(4, 10, 2, 10_000, luhn).into_iter().filter(|group| group.starts_with("00")).collect()
}

fn last_groups(kind: CardKind) -> Vec<String> {
    match kind {
        CardKind::Valid => groups(4, 10, 0, 200, luhn),
        CardKind::Invalid => [1, 3, 7, 9].iter().flat_map(|remainder| groups(4, 10, *remainder, 50, luhn)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::checksum::sum;
    use super::*;

    #[test]
    fn checksums_are_as_configured() {
        // The published test number 4242 4242 4242 4242 is valid.
        assert_eq!(sum("4242424242424242", luhn) % 10, 0);
        for (kind, valid) in [(CardKind::Valid, true), (CardKind::Invalid, false)] {
            for (second, fourth) in second_groups().iter().cycle().zip(last_groups(kind)) {
                let number = format!("4000{second}{}{fourth}", groups(4, 10, 0, 200, luhn)[7]);
                assert_eq!(sum(&number, luhn) % 10 == 0, valid, "{number}");
            }
        }
        assert_eq!(second_groups().len(), 10);
    }
}
