//! Functions and procedures with an SQL body (`BEGIN ATOMIC`, `RETURN`) that names a masked column. Their body is replaced
//! temporarily; nothing calls them meanwhile.

use super::affected::{AffectedColumns, DEPENDING};
use super::obstacle::Obstacle;
use super::sql::bare;
use crate::pg::{Result, Session};

pub(super) async fn find(session: &Session, affected: &AffectedColumns) -> Result<Vec<Obstacle>> {
    // A function that an index, a constraint or a default calls must keep its body while rows are written.
    let sql = format!(
        "SELECT pg_catalog.array_agg(DISTINCT hit.relation), p.oid::regprocedure::text, r.rolname::text, \
             pg_catalog.pg_get_functiondef(p.oid), pg_catalog.pg_get_function_sqlbody(p.oid), \
             EXISTS (SELECT FROM pg_catalog.pg_depend u WHERE u.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass \
                     AND u.refobjid = p.oid AND u.classid IN ('pg_catalog.pg_class'::pg_catalog.regclass, \
                         'pg_catalog.pg_constraint'::pg_catalog.regclass, 'pg_catalog.pg_attrdef'::pg_catalog.regclass)) \
         FROM {DEPENDING} \
         JOIN pg_catalog.pg_proc p ON d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND p.oid = d.objid \
             AND p.prosqlbody IS NOT NULL \
         JOIN pg_catalog.pg_roles r ON r.oid = p.proowner \
         GROUP BY p.oid, r.rolname ORDER BY p.oid"
    );
    let rows = affected.query(session, &sql).await?;
    Ok(rows
        .iter()
        .map(|row| {
            let (name, definition, body): (&str, &str, &str) = (row.get(1), row.get(3), row.get(4));
            let header = bare(definition).strip_suffix(bare(body));
            let irremovable = match header {
                None => Some("its definition could not be split into header and body".to_owned()),
                Some(_) if row.get(5) => Some("an index, a constraint or a default calls it".to_owned()),
                Some(_) => None,
            };
            Obstacle {
                name: format!("function {name}"),
                relations: affected.origins_of(&row.get::<_, Vec<u32>>(0)),
                owners: [row.get(2)].into(),
                // A quoted body is not checked: check_function_bodies is off.
                remove: format!("{} AS ''", header.unwrap_or_default()),
                restore: bare(definition).to_owned(),
                irremovable,
                ..Obstacle::default()
            }
        })
        .collect())
}
