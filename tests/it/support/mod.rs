//! What the scenarios are built from.

pub mod account;
pub mod browser;
pub mod cluster;
pub mod company;
pub mod databases;
pub mod engine;
pub mod listener;
pub mod scene;
pub mod server;
pub mod session_manager;
pub mod simulator;
pub mod whole;

use std::future::Future;

/// Runs a future to its end, from a plain test function.
pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap().block_on(future)
}
