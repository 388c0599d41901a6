//! A Korean business number (사업자등록번호): 3, 2 and 5 digits with a wrong check digit. Written with or
//! without hyphens, as it was.
//!
//! Weights 1 3 7 1 3 7 1 3 5, plus the tens of the ninth product; check digit (10 - sum mod 10) mod 10.
//! Both parts before it are taken from lists whose sums leave no rest: the right one would be 0.

use super::checksum::groups;
use super::made::{Case, Distinct, Form, Made, Site};
use super::refusal::Why;
use super::sql::{call, choose, concat, op, pick, text};

const LENGTH: usize = 12;
const WRONG: [&str; 9] = ["1", "2", "3", "4", "5", "6", "7", "8", "9"];

pub(super) fn make(site: &Site<'_>) -> Result<Made, Why> {
    site.must_be_text()?;
    site.must_fit(LENGTH)?;
    let value = site.text();
    let class = site.key.class("business_number");
    let (offices, serials) = (offices(), serials());
    let office = pick(&offices, &class.choice(&value, "office", offices.len()));
    let serial = pick(&serials, &class.choice(&value, "serial", serials.len()));
    let check = pick(&WRONG, &class.choice(&value, "check", WRONG.len()));
    let digits = concat(&[&office, &serial, &check]);
    let hyphen = op(&call("strpos", &[&value, &text("-")]), ">", "0");
    let first = call("overlay", &[&digits, &text("-"), "6", "0"]);
    let sql = choose(&hyphen, &call("overlay", &[&first, &text("-"), "4", "0"]), &digits);
    let form = Form::By { cases: vec![Case::of(".*-.*", "[0-9]{3}-[0-9]{2}-[0-9]{5}")], otherwise: "[0-9]{10}".into() };
    Ok(Made { plain: true, form, ..Made::text(sql, LENGTH - 2, LENGTH, Distinct::No) })
}

fn weight(position: usize, digit: u32) -> u32 {
    const WEIGHTS: [u32; 9] = [1, 3, 7, 1, 3, 7, 1, 3, 5];
    let product = digit * WEIGHTS[position];
    if position == 8 { product + product / 10 } else { product }
}

/// Tax offices begin at 101.
fn offices() -> Vec<String> {
    groups(5, 10, 0, 10_000, weight).into_iter().filter(|group| group.as_str() > "10100").step_by(40).collect()
}

fn serials() -> Vec<String> {
    groups(4, 10, 0, 250, |position, digit| weight(position + 5, digit))
}

#[cfg(test)]
mod tests {
    use super::super::checksum::sum;
    use super::*;

    #[test]
    fn the_right_check_digit_is_never_chosen() {
        let (offices, serials) = (offices(), serials());
        assert!(offices.len() > 150 && serials.len() == 250, "{} {}", offices.len(), serials.len());
        for (office, serial) in offices.iter().zip(&serials) {
            assert_eq!((10 - sum(&format!("{office}{serial}"), weight) % 10) % 10, 0, "{office}{serial}");
        }
        // A published one, to hold the weights: 124-81-00998.
        assert_eq!((10 - sum("124810099", weight) % 10) % 10, 8);
    }
}
