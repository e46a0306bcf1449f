//! The corpus through the library, and the reference pages of the problem codes.

mod corpus;
mod problem_pages;
