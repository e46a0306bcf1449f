//! What people read.

pub(crate) mod error;
pub(crate) mod guesses;
pub(crate) mod profile;
pub(crate) mod report;
pub(crate) mod text;

/// Colours on a terminal, plain text elsewhere.
fn renderer(is_terminal: bool) -> annotate_snippets::Renderer {
    if is_terminal { annotate_snippets::Renderer::styled() } else { annotate_snippets::Renderer::plain() }
}
