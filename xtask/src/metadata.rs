//! What cargo knows about the packages and their dependencies.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use anyhow::{Context, bail};
use serde::Deserialize;

/// All packages of the lock file.
#[derive(Debug, Deserialize)]
pub(crate) struct Metadata {
    pub(crate) packages: Vec<Package>,
    workspace_members: BTreeSet<String>,
    resolve: Resolve,
    /// Name and version of what a build of the workspace can reach, tests and build scripts among them.
    #[serde(skip)]
    reached: BTreeSet<(String, String)>,
}

/// One package.
#[derive(Debug, Deserialize)]
pub(crate) struct Package {
    id: String,
    pub(crate) name: String,
    pub(crate) version: String,
    /// An SPDX expression.
    pub(crate) license: Option<String>,
    /// None for a path.
    pub(crate) source: Option<String>,
    pub(crate) dependencies: Vec<Dependency>,
}

/// A dependency as a manifest writes it.
#[derive(Debug, Deserialize)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    /// None for a normal one, else `dev` or `build`.
    pub(crate) kind: Option<String>,
    /// None for the registry that cargo uses by default.
    pub(crate) registry: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Resolve {
    nodes: Vec<Node>,
}

#[derive(Debug, Deserialize)]
struct Node {
    id: String,
    deps: Vec<NodeDependency>,
}

#[derive(Debug, Deserialize)]
struct NodeDependency {
    pkg: String,
}

impl Metadata {
    /// Asks cargo; never changes the lock file.
    pub(crate) fn read(root: &Path) -> anyhow::Result<Self> {
        let asked = ask(root, &["metadata", "--locked", "--format-version", "1"])?;
        let mut metadata: Self =
            serde_json::from_slice(&asked).context("cannot understand cargo metadata")?;
        // The graph of `cargo metadata` also has optional packages that no feature asks for; `cargo tree` has not.
        let tree = ["tree", "--locked", "--workspace", "--target", "all", "--edges", "normal,build,dev"];
        let listed = ask(root, &[&tree[..], &["--prefix", "none", "--format", "{p}"]].concat())?;
        metadata.reached = String::from_utf8(listed)?.lines().filter_map(name_and_version).collect();
        Ok(metadata)
    }

    /// The packages of the workspace.
    pub(crate) fn members(&self) -> impl Iterator<Item = &Package> {
        self.packages.iter().filter(|package| self.workspace_members.contains(&package.id))
    }

    /// Packages that a build of the workspace can reach, for any target.
    pub(crate) fn reached(&self) -> impl Iterator<Item = &Package> {
        self.packages.iter().filter(|package| {
            // Both names are short; a borrowed pair cannot be looked up.
            self.reached.contains(&(package.name.clone(), package.version.clone()))
        })
    }

    /// Names of the reached packages that depend directly on a package of this name.
    pub(crate) fn dependents(&self, name: &str) -> BTreeSet<&str> {
        let wanted: BTreeSet<&str> =
            self.packages.iter().filter(|package| package.name == name).map(|package| &*package.id).collect();
        let edges = self.edges();
        self.reached()
            .filter(|package| {
                edges.get(package.id.as_str()).is_some_and(|deps| deps.iter().any(|dep| wanted.contains(dep)))
            })
            .map(|package| package.name.as_str())
            .collect()
    }

    fn edges(&self) -> BTreeMap<&str, Vec<&str>> {
        self.resolve
            .nodes
            .iter()
            .map(|node| (node.id.as_str(), node.deps.iter().map(|dep| dep.pkg.as_str()).collect()))
            .collect()
    }
}

fn ask(root: &Path, args: &[&str]) -> anyhow::Result<Vec<u8>> {
    let asked = Command::new(env!("CARGO")).current_dir(root).args(args).output();
    let asked = asked.with_context(|| format!("cannot run cargo {}", args[0]))?;
    if !asked.status.success() {
        bail!("cargo {} failed: {}", args[0], String::from_utf8_lossy(&asked.stderr).trim());
    }
    Ok(asked.stdout)
}

/// `name v1.2.3 (...)`.
fn name_and_version(line: &str) -> Option<(String, String)> {
    let mut words = line.split(' ');
    let name = words.next()?;
    let version = words.next()?.strip_prefix('v')?;
    Some((name.to_owned(), version.to_owned()))
}
