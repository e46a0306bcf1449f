//! The reference page of the configuration, made from the table of settings.

use std::fmt::Write as _;

use super::sections::{Config, Setting};

const HEAD: &str = "\
# Configuration

Every setting, from the table in `crates/server/src/config/sections.rs`. A test keeps this page equal to the code.

Stronger beats weaker: command line, then `CSVP_SECTION__KEY`, then the short variable, then the file, then the
default. The file is TOML and named by `--config` or `CSVP_CONFIG`. An unknown key, or an unknown variable that begins
with `CSVP_`, stops the start. Sizes are numbers of bytes or have a unit (`4 MiB`, `50MB`); times are numbers of seconds
or have a unit (`500ms`, `90s`, `15m`, `2h`).

```toml
[server]
port = 3000

[upload]
max_size = \"10 GiB\"
```
";

/// `docs/reference/configuration.md`.
pub fn reference_page() -> String {
    let mut page = HEAD.to_owned();
    let mut section = "";
    for setting in Config::SETTINGS {
        if setting.section != section {
            section = setting.section;
            let _ = write!(
                page,
                "\n## `[{section}]`\n\n| key | default | variables | meaning |\n|---|---|---|---|\n"
            );
        }
        page.push_str(&line(setting));
    }
    page
}

fn line(setting: &Setting) -> String {
    let default =
        if setting.default.is_empty() { "none".to_owned() } else { format!("`{}`", setting.default) };
    let mut variables = vec![format!("`{}`", setting.variable())];
    variables.extend(setting.short.iter().map(|short| format!("`{short}`")));
    let doc: Vec<&str> = setting.doc.iter().map(|line| line.trim()).collect();
    format!("| `{}` | {default} | {} | {} |\n", setting.key, variables.join(", "), doc.join(" "))
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_reference_page_is_up_to_date() {
        crate::test_support::assert_page("docs/reference/configuration.md", &super::reference_page());
    }
}
