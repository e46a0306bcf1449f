//! Scanners: bytes of whole records → field index.
//!
//! [`plain`] reads byte by byte and is the definition; [`recover`] decides what a record with damaged quotes means.

pub mod plain;
mod recover;
