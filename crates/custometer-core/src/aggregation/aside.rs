//! What there is no room for in memory: parts of states, put aside and finished one after the other.

use polars::prelude::{DataFrame, PolarsResult};

/// Where parts of a state are put. A part has the position of what it is of, and a number.
pub trait Aside: Sync {
    /// Keeps rows of a part, beside those that it has.
    fn put(&self, part: (usize, u32), rows: DataFrame) -> PolarsResult<()>;

    /// All parts, in order, each with how many rows it has.
    fn parts(&self) -> Vec<((usize, u32), usize)>;

    /// The rows of a part, as they were put.
    fn get<'a>(&'a self, part: (usize, u32)) -> Box<dyn Iterator<Item = PolarsResult<DataFrame>> + 'a>;

    /// How many bytes may be taken at a time, on each thread, to finish a part.
    fn room(&self) -> usize;
}

/// Where nothing is put aside.
impl Aside for () {
    fn put(&self, _: (usize, u32), _: DataFrame) -> PolarsResult<()> {
        polars::prelude::polars_bail!(ComputeError: "there is no place to put parts of a state")
    }

    fn parts(&self) -> Vec<((usize, u32), usize)> {
        Vec::new()
    }

    fn get<'a>(&'a self, _: (usize, u32)) -> Box<dyn Iterator<Item = PolarsResult<DataFrame>> + 'a> {
        Box::new(std::iter::empty())
    }

    fn room(&self) -> usize {
        usize::MAX
    }
}

/// The parts of one set or multiset.
#[derive(Clone, Copy)]
pub(super) struct Shelf<'a> {
    pub(super) aside: &'a dyn Aside,
    pub(super) position: usize,
}

impl<'a> Shelf<'a> {
    pub(super) fn put(&self, number: u32, rows: DataFrame) -> PolarsResult<()> {
        self.aside.put((self.position, number), rows)
    }

    pub(super) fn parts(&self) -> Vec<(u32, usize)> {
        let parts = self.aside.parts().into_iter();
        parts.filter(|((position, _), _)| *position == self.position).map(|((_, number), rows)| (number, rows)).collect()
    }

    pub(super) fn get(&self, number: u32) -> impl Iterator<Item = PolarsResult<DataFrame>> + use<'a> {
        self.aside.get((self.position, number))
    }

    pub(super) fn room(&self) -> usize {
        self.aside.room()
    }
}
