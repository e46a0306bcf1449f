//! What an input chooses beside its text: taken from its end, so that any file of the corpus is an input as it stands.

/// Choices at the end of an input.
pub(crate) struct Choices<'a> {
    rest: &'a [u8],
}

impl<'a> Choices<'a> {
    pub(crate) fn new(input: &'a [u8]) -> Self {
        Self { rest: input }
    }

    /// A number below `n`, at most 256; 0 when nothing is left.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        let Some((last, rest)) = self.rest.split_last() else { return 0 };
        self.rest = rest;
        usize::from(*last) % n
    }

    pub(crate) fn flag(&mut self) -> bool {
        self.below(2) == 1
    }

    pub(crate) fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }

    /// What was not used for choices.
    pub(crate) fn text(self) -> &'a [u8] {
        self.rest
    }
}
