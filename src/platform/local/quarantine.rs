//! Server settings that isolate a clone.

use std::path::Path;

use crate::platform::instance::Settings;

use super::meta::DATA;

/// Returns settings that keep a clone from any effect outside itself, whatever the source's files contain. They are
/// passed on the command line, which overrides every file.
pub(super) fn server_settings(directory: &Path, port: u16) -> Vec<(String, String)> {
    let file = |name: &str| directory.join(name).display().to_string();
    let fixed = [
        ("listen_addresses", "127.0.0.1"),
        ("unix_socket_directories", ""),
        ("ssl", "off"),
        // A copied postgresql.conf may name the source's own data directory.
        ("external_pid_file", ""),
        // WAL archiving, streaming from a primary and synchronous standbys would reach systems of the source.
        ("archive_mode", "off"),
        ("archive_command", ""),
        ("restore_command", ""),
        ("primary_conninfo", ""),
        ("primary_slot_name", ""),
        ("synchronous_standby_names", ""),
        // A subscription that starts takes over the slot of the real subscriber.
        ("max_logical_replication_workers", "0"),
        // Background workers of extensions (schedulers, HTTP clients) are started by preloaded libraries.
        ("shared_preload_libraries", ""),
        ("session_preload_libraries", ""),
        ("local_preload_libraries", ""),
        // The log of a clone that is not scrubbed yet must not contain statements or rows.
        ("logging_collector", "off"),
        ("log_destination", "stderr"),
        ("log_statement", "none"),
        ("log_min_duration_statement", "-1"),
        ("log_min_error_statement", "panic"),
        ("log_error_verbosity", "terse"),
        ("recovery_init_sync_method", "syncfs"),
        ("password_encryption", "scram-sha-256"),
    ];
    let mut all: Vec<(String, String)> = fixed.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    all.push(("port".into(), port.to_string()));
    all.push(("data_directory".into(), file(DATA)));
    all.push(("hba_file".into(), file("hba.conf")));
    all.push(("ident_file".into(), file("ident.conf")));
    if cfg!(not(target_os = "linux")) {
        all.retain(|(name, _)| name != "recovery_init_sync_method");
    }
    all
}

/// Returns the same settings as a summary, for the plan and for the comparison after a restore.
pub(super) fn summary() -> Settings {
    Settings::from([
        ("listens on", "127.0.0.1 only".to_owned()),
        ("logins until published", "the master user only".to_owned()),
        ("replication, archiving, preloaded libraries", "off".to_owned()),
    ])
}
