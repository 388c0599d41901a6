//! Settings of sessions that change a clone.

use super::{Result, Session};

/// Applies the settings for all changes of a clone:
/// - `row_security = off`: an `UPDATE` under a policy fails instead of skipping rows;
/// - `lock_timeout`: a lock of a prepared transaction would be waited for without end;
/// - `jit`: compiling the long expressions of masks takes longer than evaluating them;
/// - `search_path`: an unqualified name never refers to an object of the clone's schemas.
pub(crate) async fn apply_strict_settings(session: &Session) -> Result<()> {
    session
        .run(
            "SET row_security = off; SET lock_timeout = '10s'; SET statement_timeout = 0; \
             SET jit = off; SET search_path = pg_catalog, pg_temp",
        )
        .await
        .map(drop)
}

/// Resets these settings to the session's defaults.
pub(crate) async fn reset_settings(session: &Session) -> Result<()> {
    session
        .run("RESET row_security; RESET lock_timeout; RESET statement_timeout; RESET jit; RESET search_path")
        .await
        .map(drop)
}
