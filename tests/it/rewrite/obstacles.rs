//! What stands in the way of altering.
