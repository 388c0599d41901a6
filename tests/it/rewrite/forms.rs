//! Methods for tables that cannot be altered.
