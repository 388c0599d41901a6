//! An IP address of the ranges for documentation (RFC 5737, RFC 3849), of the same version.

use super::output::{Distinct, MaskInput, MaskOutput};
use super::refusal::Why;
use super::sql::{bytewise, call, cast, choose, concat, op, pick, text};
use super::type_kind::TypeKind;

const NETWORKS: [&str; 3] = ["192.0.2.", "198.51.100.", "203.0.113."];
const LONGEST: usize = 14;
const FORM: &str = "(192[.]0[.]2|198[.]51[.]100|203[.]0[.]113)[.][0-9]{1,3}|2001:db8::1[0-9a-f]{3}";

pub(super) fn make(site: &MaskInput<'_>) -> Result<MaskOutput, Why> {
    let (value, is_sixth) = match site.kind {
        TypeKind::Inet => {
            let host = call("host", &[&cast(&site.value, "inet")]);
            (bytewise(&host), op(&call("family", &[&cast(&site.value, "inet")]), "=", "6"))
        }
        TypeKind::Text { .. } => {
            site.must_fit(LONGEST)?;
            (site.text(), op(&call("strpos", &[&site.text(), &text(":")]), ">", "0"))
        }
        _ => return Err(site.wrong_type("inet, cidr or text")),
    };
    let class = site.key.class("ip");
    let network = pick(&NETWORKS, &class.choice(&value, "network", NETWORKS.len()));
    let host = cast(&op("1", "+", &class.choice(&value, "host", 254)), "text");
    let fourth = op(&network, "||", &host);
    let sixth = concat(&[&text("2001:db8::1"), &class.hex(&value, 3)]);
    let sql = choose(&is_sixth, &sixth, &fourth);
    // The shortest is 192.0.2.1.
    Ok(MaskOutput { plain: true, ..MaskOutput::text(sql, 9, LONGEST, Distinct::No).written(FORM) })
}
