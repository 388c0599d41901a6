//! IP address of a documentation range (RFC 5737, RFC 3849), of the same version.

use super::output::{Case, Distinct, MaskInput, MaskOutput, OutputFormat};
use super::refusal::RefusalReason;
use super::sql::{bytewise, call, case_when, cast, concat, op, pick, text};
use super::type_kind::TypeKind;

const NETWORKS: [&str; 3] = ["192.0.2.", "198.51.100.", "203.0.113."];
const LONGEST: usize = 14;
const V4: &str = "(192[.]0[.]2|198[.]51[.]100|203[.]0[.]113)[.][0-9]{1,3}";
const V6: &str = "2001:db8::1[0-9a-f]{3}";

pub(super) fn make(input: &MaskInput<'_>) -> Result<MaskOutput, RefusalReason> {
    let (value, is_v6) = match input.kind {
        TypeKind::Inet => {
            let host = call("host", &[&cast(&input.value, "inet")]);
            (bytewise(&host), op(&call("family", &[&cast(&input.value, "inet")]), "=", "6"))
        }
        TypeKind::Text { .. } => {
            input.ensure_fits(LONGEST)?;
            (input.text(), op(&call("strpos", &[&input.text(), &text(":")]), ">", "0"))
        }
        _ => return Err(input.type_mismatch("inet, cidr or text")),
    };
    let class = input.key.class("ip");
    let network = pick(&NETWORKS, &class.choice(&value, "network", NETWORKS.len()));
    let host = cast(&op("1", "+", &class.choice(&value, "host", 254)), "text");
    let v4 = op(&network, "||", &host);
    let v6 = concat(&[&text("2001:db8::1"), &class.hex(&value, 3)]);
    let sql = case_when(&is_v6, &v6, &v4);
    // The shortest is 192.0.2.1.
    let format = OutputFormat::ByInput { cases: vec![Case::new("[^:]*", V4)], otherwise: V6.to_owned() };
    Ok(MaskOutput { plain: true, format, ..MaskOutput::text(sql, 9, LONGEST, Distinct::No) })
}
