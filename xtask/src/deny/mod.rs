//! Licences, banned crates and sources of all dependencies, against `deny.toml`.
//!
//! The file has the form that cargo-deny reads, so that whoever has that tool can use it too. This check needs no
//! installed tool and no network; it reads the sections `licenses`, `bans` and `sources` and refuses keys that it does
//! not enforce, so that no rule is only words.

mod licence;

use std::collections::BTreeMap;

use anyhow::Context;
use serde::Deserialize;

use crate::metadata::{Metadata, Package};
use crate::{Fault, Tree};

const FILE: &str = "deny.toml";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rules {
    licenses: Licences,
    bans: Bans,
    sources: Sources,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Licences {
    /// SPDX names that any package may have.
    allow: Vec<String>,
    /// Further names for single packages.
    #[serde(default)]
    exceptions: Vec<Exception>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Exception {
    #[serde(rename = "crate")]
    name: String,
    allow: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Bans {
    deny: Vec<Ban>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Ban {
    #[serde(rename = "crate")]
    name: String,
    /// The only packages that may depend on it directly.
    #[serde(default)]
    wrappers: Vec<String>,
    reason: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Sources {
    unknown_registry: Level,
    unknown_git: Level,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Level {
    Allow,
    Deny,
}

/// Checks every package that a build can reach.
pub(crate) fn run(tree: &Tree) -> anyhow::Result<Vec<Fault>> {
    let rules: Rules = toml::from_str(&tree.text(FILE)?).context("cannot understand deny.toml")?;
    let metadata = Metadata::read(tree.root())?;
    let packages: Vec<&Package> = metadata.reached().collect();
    let mut faults = licences(&rules.licenses, &packages);
    faults.extend(bans(&rules.bans, &metadata));
    faults.extend(sources(&rules.sources, &packages));
    if faults.is_empty() {
        println!("deny: {} packages keep licences, bans and sources", packages.len());
    }
    Ok(faults)
}

fn licences(rules: &Licences, packages: &[&Package]) -> Vec<Fault> {
    let mut faults = Vec::new();
    let exceptions: BTreeMap<&str, &Exception> =
        rules.exceptions.iter().map(|exception| (exception.name.as_str(), exception)).collect();
    for package in packages {
        let extra = exceptions.get(package.name.as_str());
        let allowed = |licence: &str| {
            rules
                .allow
                .iter()
                .chain(extra.into_iter().flat_map(|extra| &extra.allow))
                .any(|known| known == licence)
        };
        let Some(expression) = &package.license else {
            faults.push(fault(package, "names no licence".to_owned()));
            continue;
        };
        match licence::holds(expression, &allowed) {
            Ok(true) => {}
            Ok(false) => faults.push(fault(package, format!("licence is not allowed: `{expression}`"))),
            Err(error) => {
                faults.push(fault(package, format!("licence cannot be read: `{expression}`, {error}")))
            }
        }
    }
    for name in exceptions.keys() {
        if !packages.iter().any(|package| package.name == *name) {
            faults.push(Fault::file(FILE, format!("licence exception for `{name}`, which is no dependency")));
        }
    }
    faults
}

fn bans(rules: &Bans, metadata: &Metadata) -> Vec<Fault> {
    let mut faults = Vec::new();
    for ban in &rules.deny {
        for dependent in metadata.dependents(&ban.name) {
            if !ban.wrappers.iter().any(|wrapper| wrapper == dependent) {
                let message = format!("`{dependent}` depends on `{}`: {}", ban.name, ban.reason);
                faults.push(Fault::file(FILE, message));
            }
        }
    }
    faults
}

fn sources(rules: &Sources, packages: &[&Package]) -> Vec<Fault> {
    let mut faults = Vec::new();
    for package in packages {
        let from_git = package.source.as_ref().is_some_and(|source| source.starts_with("git+"));
        if from_git && rules.unknown_git == Level::Deny {
            faults.push(fault(package, "comes from a git repository".to_owned()));
        }
        for dependency in &package.dependencies {
            // Cargo names the registry only when it is not the default one.
            if dependency.registry.is_some() && rules.unknown_registry == Level::Deny {
                faults.push(fault(package, format!("takes `{}` from another registry", dependency.name)));
            }
        }
    }
    faults
}

fn fault(package: &Package, message: String) -> Fault {
    Fault::file("Cargo.lock", format!("{} {}: {message}", package.name, package.version))
}
