//! Groups: the combinations of key values that come, numbered as they come.

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;
use polars::prelude::arity::unary_elementwise_values;
use polars::prelude::{Column, DataType, Float64Type, Int32Type, Int64Chunked, IntoSeries, PolarsResult, Series, UInt32Chunked};

use crate::interner::Interner;

/// The groups of rows by some keys.
///
/// A combination is numbered key by key: each pair of the number that the keys before have and the next key's value gets a number.
#[derive(Debug, Clone)]
pub(crate) struct Groups {
    keys: Vec<Key>,
    /// Whether there is the one group of no keys.
    has_rows: bool,
}

#[derive(Debug, Clone, Default)]
struct Key {
    kind: Kind,
    pairs: Pairs,
}

impl Groups {
    pub(crate) fn new(keys: usize) -> Self {
        Self { keys: vec![Key::default(); keys], has_rows: false }
    }

    pub(crate) fn len(&self) -> usize {
        self.keys.last().map_or(usize::from(self.has_rows), |key| key.pairs.len())
    }

    /// The group of each row, by its key columns.
    pub(crate) fn of_rows(&mut self, keys: &[Column], interners: &[Interner], rows: usize) -> PolarsResult<Vec<u32>> {
        let mut numbers = vec![0; rows];
        self.has_rows |= rows > 0;
        for ((values, key), interner) in keys.iter().zip(&mut self.keys).zip(interners) {
            key.kind = Kind::of(values.dtype());
            let codes = key.kind.codes(values, interner)?;
            if codes.null_count() == 0 {
                let codes = codes.rechunk();
                key.pairs.number_all(&mut numbers, codes.cont_slice()?.iter().map(|code| Some(*code)));
            } else {
                key.pairs.number_all(&mut numbers, codes.iter());
            }
        }
        Ok(numbers)
    }

    /// Adds the groups of others by the same keys. The group here of each.
    pub(crate) fn unite(&mut self, others: &Self) -> Vec<u32> {
        for (key, other) in self.keys.iter_mut().zip(&others.keys).filter(|(key, _)| key.pairs.len() == 0) {
            key.kind = other.kind;
        }
        (0..others.len()).map(|group| self.group(&others.codes(group))).collect()
    }

    /// The groups by some of the keys, named by their positions, and the one of them that each group here is in.
    pub(crate) fn by(&self, keys: &[usize]) -> (Self, Vec<u32>) {
        let of = |key: &usize| Key { kind: self.keys[*key].kind, pairs: Pairs::default() };
        let mut fewer = Self { keys: keys.iter().map(of).collect(), has_rows: self.has_rows };
        let groups = (0..self.len()).map(|group| {
            let codes = self.codes(group);
            fewer.group(&keys.iter().map(|key| codes[*key]).collect::<Vec<_>>())
        });
        let groups = groups.collect();
        (fewer, groups)
    }

    /// The values that a key has in the groups.
    pub(crate) fn values(&self, key: usize, interner: &Interner) -> PolarsResult<Series> {
        self.keys[key].kind.values(&(0..self.len()).map(|group| self.codes(group)[key]).collect(), interner)
    }

    fn group(&mut self, codes: &[Option<u32>]) -> u32 {
        self.has_rows = true;
        codes.iter().zip(&mut self.keys).fold(0, |number, (code, key)| key.pairs.number(number, *code))
    }

    fn codes(&self, group: usize) -> Vec<Option<u32>> {
        let mut number = group;
        let mut codes = vec![None; self.keys.len()];
        for (key, code) in self.keys.iter().zip(&mut codes).rev() {
            let (before, of_key) = key.pairs.pair(number);
            (number, *code) = (before as usize, of_key);
        }
        codes
    }
}

/// How the values of a key are coded, each by a number of 32 bits.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) enum Kind {
    Unsigned,
    Signed,
    Truth,
    /// 64 bits, interned.
    Whole,
    /// 64 bits, interned as whole numbers.
    Float,
    /// Text and what is shown as text, interned.
    #[default]
    Text,
}

impl Kind {
    pub(crate) fn of(stored: &DataType) -> Self {
        match stored {
            DataType::UInt8 | DataType::UInt16 | DataType::UInt32 => Self::Unsigned,
            DataType::Int8 | DataType::Int16 | DataType::Int32 => Self::Signed,
            DataType::Boolean => Self::Truth,
            DataType::Int64 => Self::Whole,
            DataType::Float32 | DataType::Float64 => Self::Float,
            _ => Self::Text,
        }
    }

    pub(crate) fn codes(self, values: &Column, interner: &Interner) -> PolarsResult<UInt32Chunked> {
        let values = values.as_materialized_series();
        match self {
            Self::Unsigned | Self::Truth => Ok(values.cast(&DataType::UInt32)?.u32()?.clone()),
            Self::Signed => {
                // Small numbers of either sign have small codes.
                let code = |value: i32| (value << 1 ^ value >> 31).cast_unsigned();
                Ok(unary_elementwise_values(values.cast(&DataType::Int32)?.i32()?, code))
            }
            Self::Whole => interner.codes(values),
            Self::Float => {
                // One zero, and one NaN.
                let bits = |value: f64| (if value.is_nan() { f64::NAN } else { value + 0.0 }).to_bits().cast_signed();
                let bits: Int64Chunked = unary_elementwise_values(values.cast(&DataType::Float64)?.f64()?, bits);
                interner.codes(&bits.into_series())
            }
            Self::Text => interner.codes(&values.cast(&DataType::String)?),
        }
    }

    pub(crate) fn values(self, codes: &UInt32Chunked, interner: &Interner) -> PolarsResult<Series> {
        match self {
            Self::Unsigned => Ok(codes.clone().into_series()),
            Self::Signed => {
                let value = |code: u32| (code >> 1).cast_signed() ^ -(code & 1).cast_signed();
                Ok(unary_elementwise_values::<_, Int32Type, _>(codes, value).into_series())
            }
            Self::Truth => codes.clone().into_series().cast(&DataType::Boolean),
            Self::Whole => interner.decoded(codes).cast(&DataType::Int64),
            Self::Float => {
                let bits = interner.decoded(codes).cast(&DataType::Int64)?;
                let value = |bits: i64| f64::from_bits(bits.cast_unsigned());
                Ok(unary_elementwise_values::<_, Float64Type, _>(bits.i64()?, value).into_series())
            }
            Self::Text => Ok(interner.decoded(codes)),
        }
    }
}

/// Pairs of a number below 2³¹ and a code or none, numbered as they come.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pairs {
    /// Each pair as one number, at its own.
    pairs: Vec<u64>,
    /// The number of every pair that there can be, plus 1, or 0 where it has none: as long as they are few.
    dense: Vec<u32>,
    /// How many bits the second of a pair has there.
    width: u32,
    /// The numbers by the hash of their pairs, when they are not few any more.
    sparse: HashTable<u32>,
}

/// So many pairs are few. A table of 16 MiB.
const FEW: usize = 1 << 22;

impl Pairs {
    pub(crate) fn len(&self) -> usize {
        self.pairs.len()
    }

    /// Turns numbers into those of their pairs with codes.
    pub(crate) fn number_all(&mut self, numbers: &mut [u32], codes: impl Iterator<Item = Option<u32>>) {
        numbers.iter_mut().zip(codes).for_each(|(number, code)| *number = self.number(*number, code));
    }

    pub(crate) fn number(&mut self, first: u32, second: Option<u32>) -> u32 {
        let second = second.map_or(0, |code| u64::from(code) + 1);
        if second >> self.width == 0
            && let Some(number) = self.dense.get(place(u64::from(first) << self.width | second))
            && *number > 0
        {
            return number - 1;
        }
        self.look_up(u64::from(first) << 33 | second)
    }

    /// The two of a pair.
    pub(crate) fn pair(&self, number: usize) -> (u32, Option<u32>) {
        let pair = self.pairs[number];
        let half = |half: u64| u32::try_from(half).unwrap_or(u32::MAX);
        (half(pair >> 33), (pair & SECOND).checked_sub(1).map(half))
    }

    #[inline(never)]
    fn look_up(&mut self, pair: u64) -> u32 {
        let new = u32::try_from(self.pairs.len()).ok().filter(|new| *new < 1 << 31).expect("so many groups fit into no memory");
        if self.sparse.is_empty() && self.make_room(pair) {
            let place = self.place_of(pair);
            // A pair that is there and was not found has got its place just now.
            if self.dense[place] == 0 {
                self.dense[place] = new + 1;
                self.pairs.push(pair);
            }
            return self.dense[place] - 1;
        }
        let pairs = &mut self.pairs;
        match self.sparse.entry(hash(pair), |number| pairs[*number as usize] == pair, |number| hash(pairs[*number as usize])) {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(place) => {
                place.insert(new);
                pairs.push(pair);
                new
            }
        }
    }

    fn place_of(&self, pair: u64) -> usize {
        place((pair >> 33) << self.width | (pair & SECOND))
    }

    /// Makes the dense table large enough for a pair. Whether they are few; if not, it is given up.
    fn make_room(&mut self, pair: u64) -> bool {
        let second_bits = u64::BITS - (pair & SECOND).leading_zeros();
        let width = self.width.max(second_bits);
        let firsts = ((pair >> 33) as usize + 1).next_power_of_two().max(self.dense.len() >> self.width);
        if firsts << width > FEW {
            self.dense = Vec::new();
            self.width = 0;
            for (number, pair) in (0..).zip(&self.pairs) {
                self.sparse.insert_unique(hash(*pair), number, |number| hash(self.pairs[*number as usize]));
            }
            return false;
        }
        if firsts << width > self.dense.len() {
            self.width = width;
            self.dense = vec![0; firsts << width];
            for (number, pair) in (1..).zip(self.pairs.clone()) {
                let place = self.place_of(pair);
                self.dense[place] = number;
            }
        }
        true
    }
}

const SECOND: u64 = (1 << 33) - 1;

/// A place in a table; of one that no memory holds, where it is too long.
fn place(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

fn hash(pair: u64) -> u64 {
    let product = pair.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    product ^ product >> 32
}
