//! How many fields the records of a sample have, and so how many columns the file has.

/// Share of records that must agree on another number of columns than the header has.
const AGREEING_SHARE: f64 = 0.8;
/// The same where hardly any record has as many fields as the header.
const SHARE_AGAINST_HEADER: f64 = 0.5;
/// Share of records that are hardly any.
const HARDLY_ANY: f64 = 0.1;
/// Records below which different numbers of fields are rather damage.
const FEWEST_VARIED: usize = 20;

/// Numbers of fields.
pub(crate) struct Widths {
    /// One for each record, ascending.
    sorted: Vec<usize>,
    /// The most frequent number and its share of the records; the larger one of equals.
    mode: Option<(usize, f64)>,
}

impl Widths {
    /// Of records with these numbers of fields.
    pub(crate) fn new(mut counts: Vec<usize>) -> Self {
        counts.sort_unstable();
        let most = counts.chunk_by(|a, b| a == b).map(|run| (run.len(), run[0])).max();
        let mode = most.map(|(n, count)| (count, n as f64 / counts.len() as f64));
        Self { sorted: counts, mode }
    }

    /// The most frequent number.
    pub(crate) fn usual(&self) -> Option<usize> {
        self.mode.map(|(usual, _)| usual)
    }

    /// Whether nearly all records have one field more than there are names, and `all_trail`: it is empty in all of them.
    pub(crate) fn trail_behind(&self, named: usize, all_trail: impl Fn() -> bool) -> bool {
        self.mode.is_some_and(|(usual, share)| usual == named + 1 && share >= AGREEING_SHARE) && all_trail()
    }

    /// Columns of a table with so many names, if it has a header.
    pub(crate) fn n_columns(&self, named: Option<usize>, all_trail: impl Fn() -> bool) -> usize {
        let (named, (usual, share)) = match (named, self.mode) {
            (None, None) => return 0,
            (Some(n), None) | (None, Some((n, _))) => return n,
            (Some(named), Some(mode)) => (named, mode),
        };
        let more = usual > named && share >= AGREEING_SHARE && !self.trail_behind(named, all_trail);
        // The header's surplus names are a problem of the header, not of every record.
        if more || usual < named && self.names_are_too_many(named, usual, share) { usual } else { named }
    }

    /// Whether the records have fewer fields than the header and are right: all, or nearly all, or most while hardly any
    /// has as many as the header. Lines of one field are rather damaged records.
    fn names_are_too_many(&self, named: usize, usual: usize, share: f64) -> bool {
        let fitting = self.sorted.iter().filter(|&&count| count == named).count();
        let fitting = fitting as f64 / self.sorted.len() as f64;
        let most = share >= AGREEING_SHARE || share >= SHARE_AGAINST_HEADER && fitting < HARDLY_ANY;
        share >= 1.0 || usual > 1 && most
    }

    /// The numbers of fields that many records have, ascending, when each is that of fewer than half; else none.
    pub(crate) fn varied(&self) -> Vec<usize> {
        let n = self.sorted.len();
        if n < FEWEST_VARIED || self.mode.is_some_and(|(_, share)| share >= 0.5) {
            return Vec::new();
        }
        let runs = self.sorted.chunk_by(|a, b| a == b);
        runs.filter(|run| run.len() as f64 >= n as f64 * HARDLY_ANY).map(|run| run[0]).collect()
    }
}

/// `2, 3 or 5`.
pub(crate) fn listed(numbers: &[usize]) -> String {
    let texts: Vec<String> = numbers.iter().map(usize::to_string).collect();
    match texts.as_slice() {
        [front @ .., last] if !front.is_empty() => format!("{} or {last}", front.join(", ")),
        _ => texts.concat(),
    }
}
