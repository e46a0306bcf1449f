//! Chooses delimiter, quote, escape and terminator: every candidate is split and scored, the best one wins.

use super::candidates::{Quotes, delimiters, quotings};
use super::cell;
use super::score::{Score, score};
use super::split::{Grid, Rules, broken_quotes, split};
use super::{DialectHints, evidence::Notes};

/// Bytes of the sample that candidates are scored on.
const WINDOW_BYTES: usize = 96 * 1024;
/// A window holds at least this many lines, where the sample has them.
const WINDOW_LINES: usize = 12;
/// Records that candidates are scored on.
const SCORED_ROWS: usize = 400;
/// Delimiters that are scored.
const MAX_DELIMITERS: usize = 7;
/// A best candidate below this is no better than one column of text.
const ONE_COLUMN: f64 = 0.30;
/// The same where most lines hold the delimiter.
const ONE_COLUMN_DIVIDED: f64 = 0.15;

/// A candidate with its score.
#[derive(Debug, Clone)]
pub(super) struct Scored {
    pub(super) rules: Rules,
    pub(super) score: Score,
    pub(super) well_quoted: u32,
    pub(super) broken: u32,
    pub(super) needed: u32,
}

/// The chosen rules and everything that was looked at, best first.
#[derive(Debug)]
pub(super) struct Choice {
    pub(super) rules: Rules,
    /// The first records under these rules, if they were split: then they need not be split again.
    pub(super) grid: Option<Grid>,
    pub(super) score: Score,
    pub(super) scored: Vec<Scored>,
    /// The delimiter is only the default: the file looks like one column.
    pub(super) one_column: bool,
}

/// Chooses the rules under which the sample reads best.
pub(super) fn choose(bytes: &[u8], complete: bool, hints: &DialectHints, notes: &mut Notes) -> Choice {
    let bare_cr = ends_with_bare_cr(bytes);
    let (window, whole) = window(without_lines(bytes, hints.preamble_lines.unwrap_or(0), bare_cr));
    let complete = complete && whole;
    let sep = sep_line(bytes);
    let given = hints.delimiter.clone().filter(|d| !d.is_empty());
    let tried = match (&given, &sep) {
        (Some(delimiter), _) => vec![delimiter.clone()],
        (None, Some(delimiter)) => vec![delimiter.clone()],
        (None, None) => delimiters(window, MAX_DELIMITERS),
    };
    let fixed = given.is_some() || sep.is_some();
    let quotes = Quotes::of(window);
    let best_of = |delimiter| best_quoting(window, complete, (delimiter, bare_cr), &quotes, hints);
    let mut candidates: Vec<(Scored, Grid)> = tried.iter().filter_map(best_of).collect();
    demote_broken_quotes(&mut candidates);
    candidates.sort_by(|(a, _), (b, _)| b.score.total.total_cmp(&a.score.total));
    let (scored, grids): (Vec<Scored>, Vec<Grid>) = candidates.into_iter().unzip();
    let best = scored.first().cloned().zip(grids.into_iter().next());
    let one_column = !fixed && best.as_ref().is_none_or(|(b, _)| is_one_column(window, b));
    if sep.is_some() && given.is_none() {
        notes.add("the first line names the delimiter (`sep=`)".to_owned());
    }
    let (mut rules, score, grid) = match best {
        Some((best, grid)) if !one_column => (best.rules, best.score, grid),
        _ => one_column_rules(window, complete, bare_cr, hints, tried.first().filter(|_| fixed)),
    };
    // What the records are under the rules; none when these have changed since.
    let mut grid = Some(grid);
    if hints.quote.is_none() && grid.as_ref().is_some_and(|grid| has_quotes_in_pairs(&rules, grid)) {
        rules.quote = None;
        grid = None;
        notes.add("two quotes on each side enclose the fields; they are kept as they stand".to_owned());
    }
    if !bare_cr && !rules.bare_cr && reads_better_with_bare_cr(window, complete, &rules, &score) {
        rules.bare_cr = true;
        grid = None;
        notes.add("a carriage return alone ends records too".to_owned());
    }
    if hints.escape.is_none() && escapes_further_down(bytes, &rules) {
        rules.escape = Some(b'\\');
        grid = None;
    }
    if !rules.collapse && !rules.skip_space && may_have_blanks(window, &rules) {
        let records = grid.take().unwrap_or_else(|| split(window, complete, &rules, SCORED_ROWS));
        rules.skip_space = blank_after_delimiter(window, &records);
        grid = Some(records).filter(|_| !rules.skip_space);
    }
    let grid = grid.filter(|_| window.len() == bytes.len());
    Choice { rules, grid, score, scored, one_column }
}

/// Whether two quotes stand where one belongs (`""a"",""b""`), as programs write that quote a record twice: read as
/// quotes, none of them would enclose a field, and every record would be faulty.
fn has_quotes_in_pairs(rules: &Rules, grid: &Grid) -> bool {
    rules.quote.is_some()
        && grid.doubled >= 5
        && grid.doubled > 4 * grid.well_quoted
        && grid.doubled * 10 >= grid.broken * 9
}

/// Whether a blank follows some delimiter.
fn may_have_blanks(window: &[u8], rules: &Rules) -> bool {
    let spaced = [&rules.delimiter[..], b" "].concat();
    memchr::memmem::find(window, &spaced).is_some()
}

/// Whether nearly all delimiters are followed by a blank, as people type lists (`a, b, c`).
fn blank_after_delimiter(window: &[u8], grid: &Grid) -> bool {
    let (mut n, mut blank) = (0_usize, 0_usize);
    for row in &grid.rows {
        for cell in grid.cells_of(row).iter().skip(1) {
            let text = &window[cell.start..cell.end];
            if !cell.quoted && !text.trim_ascii().is_empty() {
                n += 1;
                blank += usize::from(text.starts_with(b" "));
            }
        }
    }
    n >= 2 && blank * 20 >= n * 19
}

/// Whether fewer quoted cells of the whole sample are broken when a backslash escapes: what was scored may hold none.
fn escapes_further_down(bytes: &[u8], rules: &Rules) -> bool {
    let Some(quote) = rules.quote.filter(|_| rules.escape.is_none()) else { return false };
    let escaped = [b'\\', quote];
    if memchr::memmem::find(bytes, &escaped).is_none() {
        return false;
    }
    let with_escape = Rules { escape: Some(b'\\'), ..rules.clone() };
    broken_quotes(bytes, &with_escape) < broken_quotes(bytes, rules)
}

/// The bytes after the first `n` physical lines, which the caller says are no records; all when there are not as many.
fn without_lines(bytes: &[u8], n: u64, bare_cr: bool) -> &[u8] {
    let Some(last) = n.checked_sub(1).and_then(|last| usize::try_from(last).ok()) else { return bytes };
    let end = if bare_cr { b'\r' } else { b'\n' };
    memchr::memchr_iter(end, bytes).nth(last).map_or(bytes, |at| &bytes[at + 1..])
}

/// The part of the sample that is scored, and whether it is all of it. It ends with a line.
fn window(bytes: &[u8]) -> (&[u8], bool) {
    let mut size = WINDOW_BYTES;
    while size < bytes.len() {
        let part = &bytes[..size];
        let lines = memchr::memchr2_iter(b'\n', b'\r', part).take(WINDOW_LINES).count();
        if lines >= WINDOW_LINES {
            let end = memchr::memrchr2(b'\n', b'\r', part).map_or(size, |at| at + 1);
            return (&bytes[..end], false);
        }
        size *= 4;
    }
    (bytes, true)
}

/// A first line `sep=;`, as spreadsheet programs write it.
pub(super) fn sep_line(bytes: &[u8]) -> Option<Vec<u8>> {
    let line = bytes.split(|&b| b == b'\n' || b == b'\r').next()?;
    let line = line.strip_prefix(b"\"").and_then(|l| l.strip_suffix(b"\"")).unwrap_or(line);
    let (key, value) = line.split_at_checked(4)?;
    let fits = key.eq_ignore_ascii_case(b"sep=") && (1..=4).contains(&value.len());
    let value = value.trim_ascii_end();
    fits.then(|| if value.is_empty() { line[4..5].to_vec() } else { value.to_vec() })
}

/// Carriage returns and no line feed at all.
fn ends_with_bare_cr(bytes: &[u8]) -> bool {
    memchr::memchr(b'\n', bytes).is_none() && memchr::memchr(b'\r', bytes).is_some()
}

/// Mixed line ends: whether records agree more when a CR alone ends one as well.
fn reads_better_with_bare_cr(window: &[u8], complete: bool, rules: &Rules, score_lf: &Score) -> bool {
    let bare = memchr::memchr_iter(b'\r', window).filter(|&at| window.get(at + 1) != Some(&b'\n')).count();
    if bare == 0 {
        return false;
    }
    let with_cr = Rules { bare_cr: true, ..rules.clone() };
    let grid = split(window, complete, &with_cr, SCORED_ROWS);
    let score_cr = score(window, &grid, &rules.delimiter);
    score_cr.width > 1 && score_cr.uniformity * score_cr.types > score_lf.uniformity * score_lf.types * 1.02
}

/// The best way of quoting for one delimiter.
fn best_quoting(
    window: &[u8],
    complete: bool,
    (delimiter, bare_cr): (&Vec<u8>, bool),
    quotes: &Quotes,
    hints: &DialectHints,
) -> Option<(Scored, Grid)> {
    let mut best: Option<(Scored, Grid)> = None;
    let mut tried: Vec<Rules> = Vec::new();
    let mut quotes_fail = false;
    for mut rules in quotings(window, quotes, delimiter, bare_cr) {
        if let Some(quote) = hints.quote {
            rules.quote = quote;
        }
        if let Some(escape) = hints.escape {
            rules.escape = escape;
        }
        if tried.contains(&rules) {
            continue;
        }
        tried.push(rules.clone());
        // No quotes at all only where they nearly always fail: a reader copes with a few stray ones.
        if rules.quote.is_none() && hints.quote.is_none() && !quotes_fail {
            continue;
        }
        let grid = split(window, complete, &rules, SCORED_ROWS);
        let broken = grid.broken - grid.doubled;
        quotes_fail |= broken >= 5 && broken > 4 * grid.well_quoted;
        let score = score(window, &grid, delimiter);
        // Cells of several lines are cells when the records fit better for it.
        let joins = best.as_ref().is_some_and(|(best, _)| score.uniformity > best.score.uniformity);
        if score.width == 0 || hints.quote.is_none() && !quote_is_plausible(window, &rules, &grid, joins) {
            continue;
        }
        // The usual way wins unless another one is clearly better.
        let better = |(b, _): &(Scored, Grid)| match rules.quote {
            Some(b'"') => score.total > b.score.total * 1.005,
            None => score.total > b.score.total * 1.01,
            Some(_) => score.total >= b.score.total && grid.well_quoted > 5 * b.well_quoted,
        };
        if best.as_ref().is_none_or(better) {
            let (well_quoted, broken, needed) = (grid.well_quoted, grid.broken, grid.needed);
            best = Some((Scored { rules, score, well_quoted, broken, needed }, grid));
        }
    }
    best
}

/// Where quotes fit one delimiter nearly without fault, a delimiter under which they make no sense is a mistake.
fn demote_broken_quotes(scored: &mut [(Scored, Grid)]) {
    let fits = |s: &Scored| s.well_quoted >= 4 && s.broken * 20 <= s.well_quoted;
    let often = scored.iter().any(|(s, _)| fits(s) && s.score.quoted > 0.3);
    let mostly = scored.iter().any(|(s, _)| fits(s) && s.score.quoted > 0.6);
    for (candidate, _) in scored {
        let senseless = candidate.rules.quote.is_none() || candidate.broken > candidate.well_quoted;
        if often && senseless {
            candidate.score.total *= 0.6;
        } else if mostly && candidate.score.quoted < 0.1 {
            candidate.score.total *= 0.75;
        }
    }
}

/// Rare quotes need clean evidence: apostrophes open and close words everywhere. `joins` says that the lines that they
/// join were no whole records.
fn quote_is_plausible(window: &[u8], rules: &Rules, grid: &Grid, joins: bool) -> bool {
    let Some(quote) = rules.quote.filter(|q| *q != b'"') else { return true };
    // Two apostrophes on different lines enclose no cell.
    let spanning = if joins { 0 } else { grid.spanning };
    let well = (grid.well_quoted - grid.hollow).saturating_sub(spanning);
    let broken = grid.broken;
    let usual = well >= 3 && well as usize * 4 >= grid.rows.len();
    // A sign that fills whole cells, or is the middle of a longer delimiter (`|~|`), is no quote.
    let lonely = [&rules.delimiter[..], &[quote], &rules.delimiter[..]].concat();
    let alone = memchr::memmem::find_iter(window, &lonely).take(1_000).count();
    let needed = grid.needed > spanning;
    let enough = if quote == b'\'' { needed || usual } else { needed && usual };
    well >= 1 && broken * 4 <= well && enough && alone * 10 <= well as usize
}

/// Whether even the best candidate is no better than reading each line as one cell.
fn is_one_column(window: &[u8], best: &Scored) -> bool {
    let score = &best.score;
    if score.total < if score.divided > 0.6 { ONE_COLUMN_DIVIDED } else { ONE_COLUMN } {
        return true;
    }
    if matches!(best.rules.delimiter[..], [b',' | b';' | b'\t' | b'|']) {
        return false;
    }
    if score.uniformity < 0.8 || score.n_rows < 3 {
        return true;
    }
    let lines = window.split(|&b| b == b'\n' || b == b'\r').filter(|l| !l.trim_ascii().is_empty()).take(200);
    let (mut n, mut whole) = (0, 0);
    for line in lines {
        n += 1;
        let kind = cell::kind(line);
        // A colon may stand in a web address, and in none of a mailbox.
        let address = kind == cell::Kind::Address && (!line.contains(&b'@') || line.starts_with(b"mailto:"));
        whole += usize::from(kind.is_typed() || address);
    }
    whole * 2 >= n || best.rules.delimiter == b" " && score.typed.max(score.quoted) < 0.3
}

fn one_column_rules(
    window: &[u8],
    complete: bool,
    bare_cr: bool,
    hints: &DialectHints,
    delimiter: Option<&Vec<u8>>,
) -> (Rules, Score, Grid) {
    let delimiter = delimiter.cloned().unwrap_or_else(|| vec![b',']);
    let rules = Rules {
        collapse: delimiter == b" ",
        delimiter,
        quote: hints.quote.unwrap_or(Some(b'"')),
        escape: hints.escape.unwrap_or(None),
        bare_cr,
        skip_space: false,
    };
    let grid = split(window, complete, &rules, SCORED_ROWS);
    let score = score(window, &grid, &rules.delimiter);
    (rules, score, grid)
}
