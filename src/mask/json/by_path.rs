//! Entry points: masks by path, and the shape of a document.

use super::super::output::{CompileInner, Distinct, MaskInput, MaskOutput, Structure};
use super::super::refusal::RefusalReason;
use super::super::rule::{Path, Rule};
use super::super::type_kind::TypeKind;
use super::leaf::LeafMasker;
use super::{shape, single, walk};

/// Masks by path.
pub(in crate::mask) fn make(
    paths: &[(Path, Rule)],
    input: &MaskInput<'_>,
    compile: CompileInner<MaskOutput>,
) -> Result<MaskOutput, RefusalReason> {
    ensure_json(input)?;
    let masker = LeafMasker { document: input, compile };
    let structure = Structure::JsonOutside(paths.iter().map(|(path, _)| path.clone()).collect());
    if paths.iter().all(|(path, _)| path.is_single()) {
        return Ok(MaskOutput { structure, ..MaskOutput::value(single::make(paths, &masker)?, Distinct::No) });
    }
    let output = MaskOutput::value(walk::make(paths, &masker)?, Distinct::No);
    Ok(MaskOutput { subquery: true, structure, ..output })
}

/// The shape of all values.
pub(in crate::mask) fn make_shape(input: &MaskInput<'_>) -> Result<MaskOutput, RefusalReason> {
    ensure_json(input)?;
    let output = MaskOutput::value(shape::make(&input.value), Distinct::No);
    Ok(MaskOutput { structure: Structure::JsonShape, ..output })
}

fn ensure_json(input: &MaskInput<'_>) -> Result<(), RefusalReason> {
    let is_json = matches!(input.kind, TypeKind::Json | TypeKind::Jsonb);
    if is_json { Ok(()) } else { Err(input.type_mismatch("json or jsonb")) }
}
