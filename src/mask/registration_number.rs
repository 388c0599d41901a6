//! Korean resident registration number (주민등록번호): a date of birth, the digit for century and sex, five digits and a
//! check digit. The formatting, with or without a hyphen, stays.
//!
//! A keyed permutation replaces all of it: the date of birth becomes another one, with the digit that belongs to it,
//! so that an application still reads a date. The offset of the check digit from the valid one changes by a keyed
//! step, so that a valid number becomes invalid. Different numbers stay different. Because there are as many
//! numbers after masking as before, an invalid number may become valid (of those issued at random, since
//! October 2020, about one in ten does).
//!
//! Kept properties of a number: whether it belongs to a foreigner, and whether the birth was from 1930 to 2024. Of
//! thirteen digits that do not begin with a date, the seventh stays; of a day that its month does not have
//! (30 February), the first seven. Other text becomes `x` and twelve letters and digits of the keyed hash (60 bits).
//!
//! Weights 2 3 4 5 6 7 8 9 2 3 4 5, check digit (11 - sum mod 11) mod 10; for foreigners (13 - sum mod 11) mod 10 is valid
//! too, so no offset leads from one to the other.

use super::checksum::{CheckedNumber, weighted};
use super::key::{ClassKey, zero_padded};
use super::output::{Case, MaskInput, MaskOutput};
use super::permutation;
use super::refusal::RefusalReason;
use super::sql::{call, case_when, cast, concat, op, text};

const SEPARATORS: [&str; 3] = ["", "-", " "];
/// Months with their days.
const DAY: &str =
    "((0[13578]|1[02])(0[1-9]|[12][0-9]|3[01])|(0[469]|11)(0[1-9]|[12][0-9]|30)|02(0[1-9]|1[0-9]|2[0-8]))";
/// Leap years of both centuries.
const LEAP: &str = "(0[48]|[2468][048]|[13579][26])";
/// Births from 1930 to 2024.
const RECENT: &str = "^([3-9][0-9]....[1256]|([01][0-9]|2[0-4])....[3478])";
const NO_MONTH: &str = "(00|1[3-9]|[2-9][0-9])";
const MONTH: &str = "(0[1-9]|1[0-2])";
const NO_DAY: &str = "(00|3[2-9]|[4-9][0-9])";
/// Days that other months have.
const DAY_OF_OTHER: &str = "(02(29|3[01])|(0[469]|11)31)";
/// Number of serials before the check digit.
const SERIALS: i64 = 100_000;
/// Days from 1900 to 2099.
const DAYS: i64 = 73_049;
/// Days from 1900 to 1929, and from 1930 to 2024.
const DAYS_BEFORE: i64 = 10_957;
const DAYS_RECENT: i64 = 34_699;

pub(super) fn make(input: &MaskInput<'_>) -> Result<MaskOutput, RefusalReason> {
    let checked = CheckedNumber {
        length: 13,
        max_chars: 14,
        pattern: "^[0-9]{6}[- ]?[0-9]{7}$",
        reformat: ("^([0-9]{6})([0-9]{7})[0-9]{6}([- ]?)[0-9]{7}$", "\\1\\3\\2"),
        check_digit: format!("((11 - {} % 11) % 10)", weighted(&[2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5])),
        offsets: &[1, 3, 4, 5, 6, 7, 9],
    };
    let class = input.key.class("registration_number");
    checked.mask(input, &class, cases(), |digits| Digits { class: &class, all: digits }.permuted())
}

/// Numbers by their first digits; the numbers of each case are permuted among themselves.
fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for separator in SEPARATORS {
        for (seventh, of_leap_century) in [("[1-4]", "[34]"), ("[5-8]", "[78]")] {
            let separated = |begin: &str| format!("{begin}{separator}{seventh}#{{6}}");
            let born = separated(&format!("({LEAP}0229|#{{2}}{DAY})"));
            cases.extend([
                Case::same(format!("({born}|000229{separator}{of_leap_century}#{{6}})")),
                Case::same(separated(&format!("#{{2}}{NO_MONTH}#{{2}}"))),
                Case::same(separated(&format!("#{{2}}{MONTH}{NO_DAY}"))),
            ]);
        }
    }
    cases.extend([
        Case::digits_changed("#{6}[- ]?[09]#{6}"),
        Case::digits_changed(format!("[0-9]{{2}}{DAY_OF_OTHER}[- ]?[1-8]#{{6}}")),
    ]);
    cases
}

/// Thirteen digits in SQL.
struct Digits<'a> {
    class: &'a ClassKey,
    all: &'a str,
}

impl Digits<'_> {
    /// The first twelve digits, permuted.
    fn permuted(&self) -> String {
        let is = |pattern: &str| op(self.all, "~", &text(pattern));
        let born = format!("^(([0-9]{{2}}{DAY}|{LEAP}0229)[1-8]|000229[3478])");
        let cases = [
            (
                is(&born),
                case_when(
                    &is(RECENT),
                    &self.born("recent", DAYS_BEFORE, DAYS_RECENT),
                    &self.born("other", DAYS_BEFORE + DAYS_RECENT, DAYS - DAYS_RECENT),
                ),
            ),
            (is(&format!("^..{NO_MONTH}..[1-8]")), self.without_month()),
            (is(&format!("^..{MONTH}{NO_DAY}[1-8]")), self.without_day()),
            (is("^......[09]"), self.of_no_century()),
        ];
        let cases: Vec<String> = cases.iter().map(|(when, then)| format!("WHEN {when} THEN {then}")).collect();
        format!("CASE {} ELSE {} END", cases.join(" "), self.of_no_day())
    }

    /// Digits from a position, counted from 1.
    fn at(&self, from: usize, count: usize) -> String {
        call("substr", &[self.all, &from.to_string(), &count.to_string()])
    }

    fn number(&self, from: usize, count: usize) -> String {
        cast(&self.at(from, count), "int8")
    }

    /// Permutes a number below `size` together with the five digits before the check digit.
    fn with_serial(&self, label: &str, begin: &str, size: i64) -> (String, String) {
        let (begin, serial) =
            permutation::permute_pair(self.class, label, (begin.to_owned(), self.number(8, 5)), (size, SERIALS));
        (begin, zero_padded(&serial, 5))
    }

    /// A date of birth and a sex, counted in half days from the day `first` after 1 January 1900, modulo the days up to
    /// 2099.
    fn born(&self, label: &str, first: i64, days: i64) -> String {
        let century = case_when(&op(self.all, "~", &text("^......[1256]")), &text("19"), &text("20"));
        let born = cast(&op(&century, "||", &self.at(1, 6)), "date");
        let day = cast(&op(&born, "-", "'1900-01-01'::pg_catalog.date"), "int8");
        let counted = op(&op(&day, "+", &(DAYS - first).to_string()), "%", &DAYS.to_string());
        let second = op(&op(&self.number(7, 1), "+", "1"), "%", "2");
        let (half_days, serial) = self.with_serial(label, &op(&op(&counted, "*", "2"), "+", &second), 2 * days);
        let since = cast(&op(&op(&half_days, "+", &(2 * first).to_string()), "%", &(2 * DAYS).to_string()), "float8");
        let moment = op("'1900-01-01'::pg_catalog.timestamp", "+", &op(&since, "*", "'12:00:00'::pg_catalog.interval"));
        let written = call("to_char", &[&moment, &text("YYYYMMDDAM")]);
        let seventh = [("19", "AM", 1), ("19", "PM", 2), ("20", "AM", 3), ("20", "PM", 4)];
        let begin = seventh.iter().fold(written, |begin, (century, half, digit)| {
            call(
                "regexp_replace",
                &[&begin, &text(&format!("^{century}(......){half}$")), &text(&format!("\\1{digit}"))],
            )
        });
        let foreign = case_when(&op(self.all, "~", &text("^......[5-8]")), "4", "0");
        op(&zero_padded(&op(&cast(&begin, "int8"), "+", &foreign), 7), "||", &serial)
    }

    /// Months 00 and 13 to 99: month, day and year as one number, counted from month 13.
    fn without_month(&self) -> String {
        let counted = cast(&op(&self.at(3, 4), "||", &self.at(1, 2)), "int8");
        let counted = op(&op(&counted, "+", "870000"), "%", "1000000");
        let (begin, serial) = self.with_serial("no month", &counted, 880_000);
        let begin = zero_padded(&op(&op(&begin, "+", "130000"), "%", "1000000"), 6);
        let year_first = call("regexp_replace", &[&begin, &text("^(....)(..)$"), &text("\\2\\1")]);
        concat(&[&year_first, &self.at(7, 1), &serial])
    }

    /// Days 00 and 32 to 99, counted from 32, in months 1 to 12.
    fn without_day(&self) -> String {
        let day = op(&op(&self.number(5, 2), "+", "68"), "%", "100");
        let month_and_year = op(&cast(&op(&self.at(3, 2), "||", &self.at(1, 2)), "int8"), "-", "100");
        let counted = op(&op(&day, "*", "1200"), "+", &month_and_year);
        let (begin, serial) = self.with_serial("no day", &counted, 82_800);
        let day = zero_padded(&op(&op(&op(&begin, "/", "1200"), "+", "32"), "%", "100"), 2);
        let month_and_year = zero_padded(&op(&op(&begin, "%", "1200"), "+", "100"), 4);
        let all = op(&day, "||", &month_and_year);
        let year_first = call("regexp_replace", &[&all, &text("^(..)(..)(..)$"), &text("\\3\\2\\1")]);
        concat(&[&year_first, &self.at(7, 1), &serial])
    }

    /// A seventh digit of no living person.
    fn of_no_century(&self) -> String {
        let (begin, serial) = self.with_serial("no century", &self.number(1, 6), 1_000_000);
        concat(&[&zero_padded(&begin, 6), &self.at(7, 1), &serial])
    }

    /// A day that its month does not have: only the five digits, keyed by the seven before them.
    fn of_no_day(&self) -> String {
        let begin = self.class.number(&self.number(1, 7), "begin", SERIALS);
        let serial = op(&op(&self.number(8, 5), "+", &begin), "%", &SERIALS.to_string());
        let permuted = permutation::permute_range(self.class, "serial", &serial, 0, SERIALS - 1);
        op(&self.at(1, 7), "||", &zero_padded(&permuted, 5))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_of_days_are_right() {
        let since = |year: i16| {
            let day = |year| jiff::civil::date(year, 1, 1);
            i64::from(day(1900).until(day(year)).unwrap().get_days())
        };
        assert_eq!((since(1930), since(2025) - since(1930), since(2100)), (DAYS_BEFORE, DAYS_RECENT, DAYS));
    }
}
