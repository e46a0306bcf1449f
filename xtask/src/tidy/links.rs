//! Links between pages lead somewhere: the file exists, and so does the heading.

use crate::{Fault, Tree};

pub(super) fn check(tree: &Tree) -> anyhow::Result<Vec<Fault>> {
    let mut faults = Vec::new();
    for path in tree.under("", ".md") {
        let text = tree.text(path)?;
        for (number, target) in links(&text) {
            if target.contains("://") || target.starts_with("mailto:") {
                continue;
            }
            let (file, heading) = target.split_once('#').unwrap_or((target, ""));
            let file = if file.is_empty() { Some(path.to_owned()) } else { resolve(path, file) };
            let Some(file) = file.filter(|file| file.is_empty() || tree.has(file)) else {
                faults.push(Fault::line(path, number, format!("link leads nowhere: `{target}`")));
                continue;
            };
            if !heading.is_empty()
                && file.ends_with(".md")
                && !headings(&tree.text(&file)?).any(|known| known == heading)
            {
                faults.push(Fault::line(path, number, format!("no such heading: `{target}`")));
            }
        }
    }
    Ok(faults)
}

/// Targets of `[text](target)` outside of code, with the line from 1.
fn links(text: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    for (number, line) in prose(text) {
        // Odd parts stand between back quotes.
        for part in line.split('`').step_by(2) {
            let targets = part.split("](").skip(1).filter_map(|rest| rest.split([')', ' ']).next());
            found.extend(targets.filter(|target| !target.is_empty()).map(|target| (number, target)));
        }
        // A link whose text is code ends behind the back quote.
        let behind_code = line.split("`](").skip(1).filter_map(|rest| rest.split([')', ' ']).next());
        found.extend(behind_code.map(|target| (number, target)));
    }
    found.dedup();
    found
}

/// Lines outside of fenced code, numbered from 1.
fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut fenced = false;
    text.lines().enumerate().filter_map(move |(number, line)| {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
            return None;
        }
        (!fenced).then_some((number + 1, line))
    })
}

/// The anchors of the headings: lower case, words joined by hyphens, other signs left out.
fn headings(text: &str) -> impl Iterator<Item = String> {
    prose(text).filter(|(_, line)| line.starts_with('#')).map(|(_, line)| {
        let title = line.trim_start_matches('#').trim().to_lowercase();
        let kept = title.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
        kept.map(|c| if c == ' ' { '-' } else { c }).collect()
    })
}

/// A path from the root for a link in a page; none when it leaves the checkout.
fn resolve(page: &str, link: &str) -> Option<String> {
    let mut parts: Vec<&str> = page.split('/').collect();
    parts.pop();
    for part in link.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::{headings, links, resolve};

    #[test]
    fn links_are_found_outside_of_code() {
        let text =
            "see [a](b.md), ![c](d.png) and [`e`](f.md#g)\n```\n[x](y)\n```\n`[x](y)` [h](i \"title\")\n";
        assert_eq!(links(text), [(1, "b.md"), (1, "d.png"), (1, "f.md#g"), (5, "i")]);
    }

    #[test]
    fn headings_become_anchors() {
        assert_eq!(
            headings("# The `csvp check` way\n## b\n").collect::<Vec<_>>(),
            ["the-csvp-check-way", "b"]
        );
    }

    #[test]
    fn links_are_read_from_the_folder_of_their_page() {
        assert_eq!(resolve("docs/a/b.md", "../c.md").as_deref(), Some("docs/c.md"));
        assert_eq!(resolve("a.md", "../c.md"), None);
        assert_eq!(resolve("a.md", "./docs/").as_deref(), Some("docs"));
    }
}
