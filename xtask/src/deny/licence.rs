//! SPDX licence expressions: names, `AND`, `OR`, `WITH`, parentheses, and the old `/` for `OR`.

/// Whether an expression can be met with allowed licences only. A name with its exception (`A WITH B`) is one name.
pub(super) fn holds(expression: &str, allowed: &impl Fn(&str) -> bool) -> Result<bool, String> {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let (met, rest) = any(&words, allowed)?;
    if rest.is_empty() { Ok(met) } else { Err(format!("expected its end, found `{}`", rest.join(" "))) }
}

type Read<'a> = Result<(bool, &'a [&'a str]), String>;

fn any<'a>(words: &'a [&'a str], allowed: &impl Fn(&str) -> bool) -> Read<'a> {
    let (mut met, mut rest) = all(words, allowed)?;
    while let ["OR", more @ ..] = rest {
        let (also, after) = all(more, allowed)?;
        met |= also;
        rest = after;
    }
    Ok((met, rest))
}

fn all<'a>(words: &'a [&'a str], allowed: &impl Fn(&str) -> bool) -> Read<'a> {
    let (mut met, mut rest) = one(words, allowed)?;
    while let ["AND", more @ ..] = rest {
        let (also, after) = one(more, allowed)?;
        met &= also;
        rest = after;
    }
    Ok((met, rest))
}

fn one<'a>(words: &'a [&'a str], allowed: &impl Fn(&str) -> bool) -> Read<'a> {
    match words {
        ["(", inner @ ..] => match any(inner, allowed)? {
            (met, [")", rest @ ..]) => Ok((met, rest)),
            _ => Err("expected `)`".to_owned()),
        },
        [name, "WITH", exception, rest @ ..] => Ok((allowed(&format!("{name} WITH {exception}")), rest)),
        [name, rest @ ..] if !matches!(*name, ")" | "AND" | "OR" | "WITH") => Ok((allowed(name), rest)),
        _ => Err("expected the name of a licence".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::holds;

    #[test]
    fn expressions_hold_when_a_choice_is_allowed() {
        let check = |expression: &str| holds(expression, &|name| matches!(name, "MIT" | "ISC" | "A WITH B"));
        for (expression, expected) in [
            ("MIT", Ok(true)),
            ("GPL-3.0", Ok(false)),
            ("GPL-3.0 OR MIT", Ok(true)),
            ("GPL-3.0/MIT", Ok(true)),
            ("GPL-3.0 AND MIT", Ok(false)),
            ("MIT AND ISC", Ok(true)),
            ("(GPL-3.0 OR MIT) AND ISC", Ok(true)),
            ("GPL-3.0 OR MIT AND X", Ok(false)),
            ("A WITH B OR X", Ok(true)),
            ("A", Ok(false)),
        ] {
            assert_eq!(check(expression), expected, "{expression}");
        }
        for broken in ["", "(MIT", "MIT)", "MIT OR", "AND MIT", "MIT ISC"] {
            assert!(check(broken).is_err(), "{broken}");
        }
    }
}
