//! Finds the built page, or writes a stub in its place, so that `cargo build` alone always works.
//!
//! The page comes from `ui/dist` (made by `npm run build` in `ui/`). Nothing is written into the source tree.

use std::path::{Path, PathBuf};
use std::{env, fs};

const STUB: &str = r#"<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>CSV Processor</title>
<link rel="stylesheet" href="/docs/style.css">
</head>
<body>
<main>
<h1>CSV Processor is running</h1>
<p>The page is not part of this build. Build it once, then build the program again:</p>
<pre><code>cd ui &amp;&amp; npm ci &amp;&amp; npm run build
cargo build</code></pre>
<p>or let <code>make run</code> do both. The API works without it:</p>
<pre><code>curl --data-binary @orders.csv 'http://127.0.0.1:3000/api/v1/uploads?name=orders.csv'</code></pre>
<p><a href="/docs">Read how the API works</a></p>
</main>
</body>
</html>
"#;

#[expect(
    clippy::disallowed_methods,
    reason = "cargo tells build scripts where they are through the environment"
)]
fn main() {
    let manifest = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it"));
    let dist = manifest.join("../../ui/dist");
    // Not the directory `ui` itself: cargo would look through all of `node_modules`. While there is no built page this
    // names a missing file, and cargo asks again each time.
    println!("cargo::rerun-if-changed={}", dist.join("index.html").display());
    watch(&dist);

    // Always a copy in OUT_DIR: half of a page that is being rebuilt never gets into a binary unnoticed by cargo.
    let page = out.join("page");
    let _ = fs::remove_dir_all(&page);
    fs::create_dir_all(&page).expect("OUT_DIR can be written");
    if dist.join("index.html").is_file() {
        copy(&dist, &page);
    } else {
        fs::write(page.join("index.html"), STUB).expect("OUT_DIR can be written");
    }
}

fn watch(directory: &Path) {
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            watch(&path);
        } else {
            println!("cargo::rerun-if-changed={}", path.display());
        }
    }
}

fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).into_iter().flatten().flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            fs::create_dir_all(&target).expect("OUT_DIR can be written");
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), &target).expect("OUT_DIR can be written");
        }
    }
}
