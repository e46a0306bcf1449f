//! The corpus and public test files through the library, and the reference pages of the problem codes.

mod corpus;
mod counts;
mod dev_data;
mod problem_pages;
mod prop_differential;
mod prop_recovery;
mod support;
