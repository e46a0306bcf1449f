//! Inputs to begin with: the corpus of the project, what longer runs found, and changes of both.

use std::fs;
use std::path::{Path, PathBuf};

/// Larger files are left out: they are slow, and say nothing that small ones do not.
const MOST_BYTES: usize = 4 << 10;

/// Files of the corpus and of the target's own folder in `fuzz/corpus`, in the order of their names.
///
/// # Errors
/// A folder or file cannot be read.
pub fn seeds(target: &str) -> std::io::Result<Vec<Vec<u8>>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut paths = Vec::new();
    for case in list(&root.join("corpus"))?.into_iter().filter(|path| path.is_dir()) {
        paths.extend(list(&case)?.into_iter().filter(|path| !path.ends_with("case.toml")));
    }
    let own = root.join("fuzz/corpus").join(target);
    if own.is_dir() {
        paths.extend(list(&own)?);
    }
    let files = paths.into_iter().map(fs::read).collect::<std::io::Result<Vec<_>>>()?;
    Ok(files.into_iter().filter(|bytes| bytes.len() <= MOST_BYTES).collect())
}

fn list(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut paths =
        fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<_>>>()?;
    paths.sort();
    Ok(paths)
}

/// Changed inputs, always the same ones.
#[derive(Debug)]
pub struct Mutations {
    state: u64,
}

impl Mutations {
    /// The changes that a number stands for.
    pub fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    fn below(&mut self, n: usize) -> usize {
        self.state =
            self.state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.state >> 33) as usize % n.max(1)
    }

    /// One of the inputs with up to eight changes: bytes set, removed, repeated or taken from another input.
    pub fn next(&mut self, inputs: &[Vec<u8>]) -> Vec<u8> {
        const TELLING: &[u8] = b"\"',;\n\r\t|\\#.-+eE0123456789 \0\xff\xc3\x80/:TZ";
        let mut input = inputs[self.below(inputs.len())].clone();
        for _ in 0..1 + self.below(8) {
            let at = self.below(input.len() + 1);
            match self.below(5) {
                0 => input.insert(at, TELLING[self.below(TELLING.len())]),
                1 if at < input.len() => input[at] = TELLING[self.below(TELLING.len())],
                2 if at < input.len() => input[at] = self.below(256) as u8,
                3 => {
                    let end = (at + self.below(20)).min(input.len());
                    let part = input[at..end].to_vec();
                    if self.below(2) == 0 {
                        input.drain(at..end);
                    } else {
                        input.splice(at..at, part);
                    }
                }
                _ => {
                    let other = &inputs[self.below(inputs.len())];
                    let from = self.below(other.len());
                    let to = (from + self.below(60)).min(other.len());
                    input.splice(at..at, other[from..to].iter().copied());
                }
            }
        }
        // Choices stand at the end.
        for _ in 0..4 {
            input.push(self.below(256) as u8);
        }
        input
    }
}
