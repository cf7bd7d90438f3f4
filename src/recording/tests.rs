//! Recordings that are whole, and files that are none.
