//! A card number of a test range (4000 00…): 16 digits, with the separators that it had. By default it
//! fails the Luhn check; `valid` passes it, for applications that look.
//!
//! Groups of four digits are taken from lists whose Luhn sums leave a known rest.

use crate::config::mask::CardKind;

use super::checksum::groups;
use super::output::{Case, Distinct, Form, MaskInput, MaskOutput};
use super::refusal::Why;
use super::sql::{call, choose, concat, op, pick, text};

const LENGTH: usize = 19;

pub(super) fn make(kind: CardKind, site: &MaskInput<'_>) -> Result<MaskOutput, Why> {
    site.must_be_text()?;
    let value = site.text();
    let class = site.key.class("card");
    let second = second_groups();
    let third = groups(4, 10, 0, 200, luhn);
    let fourth = last_groups(kind);
    let one = |list: &[String], label: &str| pick(list, &class.choice(&value, label, list.len()));
    let groups = [text("4000"), one(&second, "second"), one(&third, "third"), one(&fourth, "fourth")];
    let joined = |by: &str| {
        let by = text(by);
        concat(&[&groups[0], &by, &groups[1], &by, &groups[2], &by, &groups[3]])
    };
    let plain = concat(&[&groups[0], &groups[1], &groups[2], &groups[3]]);
    let has = |separator: &str| op(&call("strpos", &[&value, &text(separator)]), ">", "0");
    // 16 digits in a column without room for separators never had any.
    let (sql, longest) = if site.room < LENGTH {
        site.must_fit(LENGTH - 3)?;
        (plain, LENGTH - 3)
    } else {
        (choose(&has("-"), &joined("-"), &choose(&has(" "), &joined(" "), &plain)), LENGTH)
    };
    let written = |by: &str| format!("4000({by}[0-9]{{4}}){{3}}");
    let form = if longest < LENGTH {
        Form::As(written(""))
    } else {
        let cases = vec![Case::of(".*-.*", written("-")), Case::of("[^-]* [^-]*", written(" "))];
        Form::By { cases, otherwise: written("") }
    };
    Ok(MaskOutput { plain: true, form, ..MaskOutput::text(sql, LENGTH - 3, longest, Distinct::No) })
}

/// What a digit counts by its position from the left in a group of four.
fn luhn(position: usize, digit: u32) -> u32 {
    let counted = if position.is_multiple_of(2) { 2 * digit } else { digit };
    if counted > 9 { counted - 9 } else { counted }
}

/// `00..`: the sum of the first group, 8, is made up for.
fn second_groups() -> Vec<String> {
    groups(4, 10, 2, 10_000, luhn).into_iter().filter(|group| group.starts_with("00")).collect()
}

fn last_groups(kind: CardKind) -> Vec<String> {
    match kind {
        CardKind::Valid => groups(4, 10, 0, 200, luhn),
        CardKind::Invalid => [1, 3, 7, 9].iter().flat_map(|rest| groups(4, 10, *rest, 50, luhn)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::checksum::sum;
    use super::*;

    #[test]
    fn sums_add_up() {
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
