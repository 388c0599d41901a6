//! A Korean resident registration number (주민등록번호): a date of birth, the digit for century and sex,
//! five digits, and a check digit that is wrong. Written with or without a hyphen, as it was.
//!
//! Weights 2 3 4 5 6 7 8 9 2 3 4 5, check digit (11 - sum mod 11) mod 10. The first seven digits and the
//! next five are taken from lists whose sums leave no rest, so the right check digit would be 1.

use super::checksum::{groups, sum};
use super::made::{Case, Distinct, Form, Made, Site};
use super::refusal::Why;
use super::sql::{call, choose, concat, op, pick, text};

const LENGTH: usize = 14;
const WEIGHTS: [u32; 12] = [2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5];
const WRONG: [&str; 9] = ["0", "2", "3", "4", "5", "6", "7", "8", "9"];

pub(super) fn make(site: &Site<'_>) -> Result<Made, Why> {
    site.must_be_text()?;
    site.must_fit(LENGTH)?;
    let value = site.text();
    let class = site.key.class("registration_number");
    let births = births();
    let serials = groups(5, 11, 0, 250, |position, digit| digit * WEIGHTS[position + 7]);
    let birth = pick(&births, &class.choice(&value, "birth", births.len()));
    let serial = pick(&serials, &class.choice(&value, "serial", serials.len()));
    let check = pick(&WRONG, &class.choice(&value, "check", WRONG.len()));
    let digits = concat(&[&birth, &serial, &check]);
    let hyphen = op(&call("strpos", &[&value, &text("-")]), ">", "0");
    let with_hyphen = call("overlay", &[&digits, &text("-"), "7", "0"]);
    let sql = choose(&hyphen, &with_hyphen, &digits);
    let form = Form::By { cases: vec![Case::of(".*-.*", "[0-9]{6}-[0-9]{7}")], otherwise: "[0-9]{13}".into() };
    Ok(Made { plain: true, form, ..Made::text(sql, LENGTH - 1, LENGTH, Distinct::No) })
}

/// Dates of birth with the digit for century and sex.
fn births() -> Vec<String> {
    let mut right = Vec::new();
    for year in 1945..=2010 {
        for month in 1..=12 {
            for day in 1..=28 {
                let digit = if year < 2000 { 1 + day % 2 } else { 3 + day % 2 };
                let birth = format!("{:02}{month:02}{day:02}{digit}", year % 100);
                if sum(&birth, |position, digit| digit * WEIGHTS[position]).is_multiple_of(11) {
                    right.push(birth);
                }
            }
        }
    }
    right.into_iter().step_by(5).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_enough_and_all_have_the_same_check_digit() {
        let (births, serials) = (births(), groups(5, 11, 0, 250, |position, digit| digit * WEIGHTS[position + 7]));
        assert!(births.len() > 300 && serials.len() == 250, "{} {}", births.len(), serials.len());
        for (birth, serial) in births.iter().zip(serials.iter().cycle()) {
            let check = (11 - sum(&format!("{birth}{serial}"), |position, digit| digit * WEIGHTS[position]) % 11) % 10;
            assert_eq!(check, 1, "{birth}{serial}");
        }
        assert!(!WRONG.contains(&"1"));
    }
}
