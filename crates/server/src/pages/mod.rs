//! The pages the server makes itself: the API reference, and one page per problem code and per API failure. Plain HTML
//! with one style sheet, no scripts, nothing from elsewhere.

mod api;
mod codes;
mod html;
mod ui;

pub(crate) use api::api_page;
pub(crate) use codes::{failure_page, problem_page};
pub(crate) use ui::asset;

/// The style sheet of these pages.
pub(crate) const STYLE: &str = include_str!("style.css");
