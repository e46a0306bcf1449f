//! The page for people, built from `ui/` and embedded in the binary (or its stub, see `build.rs`).

use std::borrow::Cow;

use rust_embed::{EmbeddedFile, RustEmbed};

#[derive(RustEmbed)]
#[folder = "$OUT_DIR/page"]
struct Page;

/// One file of the page.
pub(crate) struct Asset {
    /// Its bytes.
    pub(crate) bytes: Cow<'static, [u8]>,
    /// Its media type.
    pub(crate) media_type: &'static str,
    /// A tag that changes with its bytes.
    pub(crate) etag: String,
    /// Whether its name changes with its bytes, so that it may be kept for ever.
    pub(crate) immutable: bool,
}

/// The file at this path, if the page has one. `/` and the page's own addresses give its `index.html`.
pub(crate) fn asset(path: &str) -> Option<Asset> {
    let path = path.trim_start_matches('/');
    let own_address = path.is_empty() || path.starts_with("uploads/");
    let name = if own_address { "index.html" } else { path };
    let EmbeddedFile { data, metadata } = Page::get(name)?;
    let etag = metadata.sha256_hash()[..16].iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    Some(Asset {
        bytes: data,
        media_type: media_type(name),
        etag: format!("\"{etag}\""),
        immutable: name.starts_with("assets/"),
    })
}

fn media_type(name: &str) -> &'static str {
    match name.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "csv" => "text/csv; charset=utf-8",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_always_a_page() {
        let page = asset("/").unwrap();
        assert_eq!(page.media_type, "text/html; charset=utf-8");
        assert!(asset("/../Cargo.toml").is_none());
    }
}
