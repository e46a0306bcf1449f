//! The house rules that no compiler checks. Each file here is one rule; each rule gives its faults.

mod borders;
mod budgets;
mod changelog;
mod corpus;
mod headers;
mod links;
mod map;
mod modules;
mod words;

use crate::metadata::Metadata;
use crate::{Fault, Tree};

/// Runs every rule.
pub(crate) fn run(tree: &Tree) -> anyhow::Result<Vec<Fault>> {
    let metadata = Metadata::read(tree.root())?;
    let mut faults = headers::check(tree)?;
    faults.extend(modules::check(tree)?);
    faults.extend(borders::packages(&metadata));
    faults.extend(borders::modules(tree)?);
    faults.extend(budgets::check(tree)?);
    faults.extend(map::check(tree, &metadata)?);
    faults.extend(links::check(tree)?);
    faults.extend(words::check(tree)?);
    faults.extend(corpus::check(tree)?);
    faults.extend(changelog::check(tree)?);
    faults.sort();
    if faults.is_empty() {
        println!("tidy: {} files keep the house rules", tree.paths().count());
    }
    Ok(faults)
}
