//! Who may know whom: edges between the crates of the workspace, libraries that a crate must never know, and borders
//! inside of a crate. A new edge needs a decision record.

use crate::metadata::Metadata;
use crate::{Fault, Tree};

/// What one crate may and may not depend on.
struct Border {
    package: &'static str,
    /// Crates of the workspace it may use.
    may: &'static [&'static str],
    /// Libraries it must not know.
    never: &'static [&'static str],
}

const ASYNC: [&str; 4] = ["async-trait", "futures", "tokio", "tokio-util"];

const BORDERS: &[Border] = &[
    Border { package: "csvp-parse", may: &[], never: &["arrow", "encoding_rs", "regex", "serde", "tracing"] },
    Border { package: "csvp-report", may: &[], never: &["anyhow", "arrow", "thiserror", "tracing"] },
    Border {
        package: "csvp-engine",
        may: &["csvp-parse", "csvp-report"],
        never: &["arrow", "axum", "jiff", "parquet", "sea-orm", "uuid"],
    },
    Border {
        package: "csvp-convert",
        may: &["csvp-engine", "csvp-parse", "csvp-report"],
        never: &["axum", "sea-orm"],
    },
    Border { package: "csvp-store", may: &[], never: &["axum", "http", "tower-http"] },
    Border {
        package: "csvp-server",
        may: &["csvp-convert", "csvp-engine", "csvp-report", "csvp-store"],
        never: &["sqlx"],
    },
    Border {
        package: "csvp-cli",
        may: &["csvp-convert", "csvp-engine", "csvp-parse", "csvp-report", "csvp-server"],
        never: &["axum", "sea-orm"],
    },
    Border {
        package: "csvp-testkit",
        may: &["csvp-convert", "csvp-engine", "csvp-parse", "csvp-report", "csvp-server", "csvp-store"],
        never: &[],
    },
    Border { package: "csvp-fuzz", may: &["csvp-engine", "csvp-parse", "csvp-report"], never: &[] },
    Border { package: "xtask", may: &[], never: &[] },
];

/// Crates without async code.
const SYNC: [&str; 4] = ["csvp-parse", "csvp-report", "csvp-engine", "csvp-convert"];

/// Checks the manifests.
pub(super) fn packages(metadata: &Metadata) -> Vec<Fault> {
    let mut faults = Vec::new();
    for package in metadata.members() {
        let path =
            package.name.strip_prefix("csvp-").map_or("xtask".to_owned(), |name| format!("crates/{name}"));
        let path = format!("{path}/Cargo.toml");
        let Some(border) = BORDERS.iter().find(|border| border.package == package.name) else {
            let message = format!("expected the borders of `{}` in xtask/src/tidy/borders.rs", package.name);
            faults.push(Fault::file(&path, message));
            continue;
        };
        for dependency in &package.dependencies {
            let name = dependency.name.as_str();
            let in_tests = dependency.kind.as_deref() == Some("dev");
            let ours = metadata.members().any(|member| member.name == name);
            if ours && !in_tests && !border.may.contains(&name) {
                faults.push(Fault::file(&path, format!("`{}` must not depend on `{name}`", package.name)));
            }
            let async_code = SYNC.contains(&border.package) && ASYNC.contains(&name);
            if !in_tests && (border.never.contains(&name) || async_code) {
                faults.push(Fault::file(&path, format!("`{}` must not know `{name}`", package.name)));
            }
        }
    }
    faults
}

/// Words that must not stand in the code of a folder.
const INNER: &[(&str, &[&str], &str)] = &[
    ("crates/server/src/services/", &["axum", "http::", "StatusCode"], "services know no HTTP"),
    (
        "crates/server/src/handlers/",
        &["sea_orm", "csvp_engine::Check", "csvp_engine::Second"],
        "handlers call services",
    ),
    ("crates/server/src/middleware/", &["csvp_engine", "csvp_store"], "middleware has no business rules"),
    ("crates/server/src/worker/", &["axum"], "the worker knows no HTTP"),
    ("crates/parse/src/", &["std::fs", "std::io::Read", "std::net"], "parse does no I/O"),
    ("crates/report/src/", &["std::fs", "std::io", "std::net"], "report does no I/O"),
    (
        "crates/engine/src/",
        &["std::env", "TcpStream", "SystemTime", "Instant::now"],
        "the engine has no clock, host or environment",
    ),
    (
        "crates/convert/src/",
        &["std::env", "TcpStream", "SystemTime", "Instant::now"],
        "convert has no clock, host or environment",
    ),
];

/// Checks borders inside of crates.
pub(super) fn modules(tree: &Tree) -> anyhow::Result<Vec<Fault>> {
    let mut faults = Vec::new();
    for (folder, banned, why) in INNER {
        for path in tree.under(folder, ".rs") {
            for (number, line) in tree.text(path)?.lines().enumerate() {
                let code = line.split("//").next().unwrap_or_default();
                if let Some(word) = banned.iter().find(|word| code.contains(**word)) {
                    faults.push(Fault::line(path, number + 1, format!("found `{word}`, but {why}")));
                }
            }
        }
    }
    Ok(faults)
}
