//! Interning: equal texts as equal small numbers, which are compared, hashed and kept for a fraction of the cost.

use std::ops::Range;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use hashbrown::HashTable;
use hashbrown::hash_table::Entry as Place;
use polars::prelude::{
    BooleanChunked, ChunkAgg, ChunkedArray, DataType, Int64Chunked, IntoSeries, NewChunkedArray, PlSmallStr, PolarsDataType, PolarsError,
    PolarsResult, Series, StringChunked, UInt32Chunked,
};

/// Gives texts codes, counted from 0 in the order in which they are first seen. Several threads see them, so nothing may depend on that order.
///
/// Whole numbers are the texts that they are written as, so that an id is the same whatever its file stores it as.
#[derive(Default)]
pub struct Interner {
    missing: Missing,
    /// The texts, spread by their hash, so that threads seldom wait for each other and each table is small.
    shards: Shards,
    next: AtomicU32,
}

/// What has no code.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Missing {
    /// Null.
    #[default]
    Null,
    /// Null, and a text without characters.
    Empty,
    /// Null, and a text without characters that can be seen.
    Blank,
}

/// The code of a text that is not known.
pub const UNKNOWN: u32 = u32::MAX;

const SHARDS: usize = 64;
/// So many rows at a time are sorted by their shards.
const ROWS: usize = 16_384;
/// How many texts are remembered, for those that come again and again.
const RECENT: usize = 512;
/// The longest text that is its own key.
const SHORT: usize = 12;

/// A text: in one number with its length, as Polars has it, where it is short enough.
#[derive(Debug, Clone, Copy)]
enum Text<'a> {
    Short(u128),
    Long(&'a str),
}

struct Shards(Vec<Mutex<Shard>>);

#[derive(Default)]
struct Shard {
    entries: HashTable<Entry>,
    /// The long texts, one after the other.
    long: String,
}

#[derive(Clone, Copy)]
struct Entry {
    /// The length, and then a short text itself, or where a long one begins. In four numbers, so that entries have no gaps.
    key: [u32; 4],
    code: u32,
}

impl Default for Shards {
    fn default() -> Self {
        Self((0..SHARDS).map(|_| Mutex::default()).collect())
    }
}

impl std::fmt::Debug for Interner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Interner").field("texts", &self.next).finish_non_exhaustive()
    }
}

impl Interner {
    /// An interner by which more than null has no code.
    pub fn without(missing: Missing) -> Self {
        Self { missing, ..Self::default() }
    }

    /// The codes of a column of texts or whole numbers; null for what is missing.
    pub fn codes(&self, values: &Series) -> PolarsResult<UInt32Chunked> {
        self.codes_by(values, Some(&self.next))
    }

    /// The same, but of what has no code yet [`UNKNOWN`]: nothing is added.
    pub fn known_codes(&self, values: &Series) -> PolarsResult<UInt32Chunked> {
        self.codes_by(values, None)
    }

    fn codes_by(&self, values: &Series, next: Option<&AtomicU32>) -> PolarsResult<UInt32Chunked> {
        if let Ok(texts) = values.str() {
            return self.codes_of_texts(texts, next);
        }
        // What is longer, or beyond 64 bits, is as well written as text at once.
        let short = |integer: Option<i64>| integer.is_none_or(|integer| (-99_999_999_999..=999_999_999_999).contains(&integer));
        let integers = values.cast(&DataType::Int64)?;
        if integers.null_count() == values.null_count() && short(integers.i64()?.min()) && short(integers.i64()?.max()) {
            return self.codes_of_integers(integers.i64()?, next);
        }
        self.codes_of_texts(values.cast(&DataType::String)?.str()?, next)
    }

    fn codes_of_texts(&self, texts: &StringChunked, next: Option<&AtomicU32>) -> PolarsResult<UInt32Chunked> {
        let texts = texts.rechunk();
        let array = texts.downcast_as_array();
        let views = array.views();
        let text = |row: usize| if views[row].is_inline() { Text::Short(views[row].as_u128()) } else { Text::Long(array.value(row)) };
        let is_missing = |row: usize| match self.missing {
            Missing::Null => false,
            Missing::Empty => views[row].length == 0,
            Missing::Blank => views[row].length == 0 || !may_be_seen(views[row].prefix) && array.value(row).trim().is_empty(),
        };
        // Equal views into the same buffers are of equal texts.
        self.codes_of_rows(&texts, next, is_missing, |row| views[row].as_u128(), text)
    }

    fn codes_of_integers(&self, integers: &Int64Chunked, next: Option<&AtomicU32>) -> PolarsResult<UInt32Chunked> {
        let integers = integers.rechunk();
        let array = integers.downcast_as_array();
        let values = array.values();
        let identity = |row: usize| u128::from(values[row].cast_unsigned());
        self.codes_of_rows(&integers, next, |_| false, identity, |row| Text::Short(written(values[row])))
    }

    /// The codes of the rows of a column of one chunk; texts without one get the `next`. Rows of one `identity` have the same text.
    fn codes_of_rows<'a, T: PolarsDataType>(
        &self,
        values: &ChunkedArray<T>,
        next: Option<&AtomicU32>,
        is_missing: impl Fn(usize) -> bool,
        identity: impl Fn(usize) -> u128,
        text: impl Fn(usize) -> Text<'a>,
    ) -> PolarsResult<UInt32Chunked> {
        let rows = values.len();
        let mut known = values.rechunk_validity();
        if (0..rows).any(&is_missing) {
            let is_known = |row: usize| known.as_ref().is_none_or(|known| known.get_bit(row)) && !is_missing(row);
            known = BooleanChunked::from_iter_values(PlSmallStr::EMPTY, (0..rows).map(is_known))
                .downcast_iter()
                .next()
                .map(|flags| flags.values().clone());
        }
        let is_null = |row: usize| known.as_ref().is_some_and(|known| !known.get_bit(row));
        let mut codes = vec![0; rows];
        let mut looked_up = LookUp::default();
        for start in (0..rows).step_by(ROWS) {
            looked_up.prepare(start..rows.min(start + ROWS), is_null, &identity, &text);
            for (shard, found) in looked_up.by_shard() {
                let mut shard = lock(&self.shards.0[shard]);
                for (hash, row) in found {
                    codes[*row] = shard.code(*hash, text(*row), next)?;
                }
            }
            for (row, before) in &looked_up.repeated {
                codes[*row] = codes[*before];
            }
        }
        Ok(UInt32Chunked::from_vec_validity(values.name().clone(), codes, known))
    }

    /// How many texts there are.
    #[expect(clippy::len_without_is_empty, reason = "nobody asks")]
    pub fn len(&self) -> usize {
        self.next.load(Ordering::Relaxed) as usize
    }

    /// All texts so far, each at its code.
    pub fn texts(&self) -> Vec<String> {
        let mut texts = vec![String::new(); self.len()];
        for shard in &self.shards.0 {
            let shard = lock(shard);
            for entry in &shard.entries {
                texts[entry.code as usize] = entry.text(&shard.long).to_string();
            }
        }
        texts
    }

    /// The texts of a column of codes. Null stays null.
    pub fn decoded(&self, codes: &UInt32Chunked) -> Series {
        let texts = self.texts();
        let decoded: StringChunked = codes.iter().map(|code| Some(texts[code? as usize].as_str())).collect();
        decoded.with_name(codes.name().clone()).into_series()
    }
}

/// What codes stand for, to be asked once all are given.
#[derive(Debug)]
pub struct Texts {
    interner: Arc<Interner>,
    all: OnceLock<Vec<String>>,
}

impl Texts {
    /// The texts of an interner.
    pub fn of(interner: Arc<Interner>) -> Self {
        Self { interner, all: OnceLock::new() }
    }

    /// The text of a code.
    pub fn get(&self, code: u32) -> Option<&str> {
        self.all.get_or_init(|| self.interner.texts()).get(code as usize).map(String::as_str)
    }
}

/// What a few rows have to look up.
struct LookUp {
    /// The hash of each text, with a row that has it.
    new: Vec<(u64, usize)>,
    /// Rows with texts of rows before them.
    repeated: Vec<(usize, usize)>,
    /// The same as `new`, in the order of shards, and where those of each shard end.
    ordered: Vec<(u64, usize)>,
    ends: [usize; SHARDS],
}

impl Default for LookUp {
    fn default() -> Self {
        Self { new: Vec::new(), repeated: Vec::new(), ordered: Vec::new(), ends: [0; SHARDS] }
    }
}

impl LookUp {
    fn prepare<'a>(
        &mut self,
        rows: Range<usize>,
        is_null: impl Fn(usize) -> bool,
        identity: impl Fn(usize) -> u128,
        text: impl Fn(usize) -> Text<'a>,
    ) {
        self.new.clear();
        self.repeated.clear();
        let mut recent: [(u128, usize); RECENT] = [(0, usize::MAX); RECENT];
        let mut sizes = [0; SHARDS];
        for row in rows.filter(|row| !is_null(*row)) {
            let identity = identity(row);
            let place = &mut recent[digit(mixed(identity), RECENT)];
            if place.0 == identity && place.1 != usize::MAX {
                self.repeated.push((row, place.1));
                continue;
            }
            *place = (identity, row);
            let hash = text(row).hash();
            sizes[digit(hash, SHARDS)] += 1;
            self.new.push((hash, row));
        }
        let mut start = 0;
        for (end, size) in self.ends.iter_mut().zip(sizes) {
            *end = start;
            start += size;
        }
        self.ordered.resize(self.new.len(), (0, 0));
        for found in &self.new {
            let end = &mut self.ends[digit(found.0, SHARDS)];
            self.ordered[*end] = *found;
            *end += 1;
        }
    }

    fn by_shard(&self) -> impl Iterator<Item = (usize, &[(u64, usize)])> {
        let starts = std::iter::once(0).chain(self.ends);
        let of_shard = starts.zip(self.ends).map(|(start, end)| &self.ordered[start..end]).enumerate();
        of_shard.filter(|(_, found)| !found.is_empty())
    }
}

impl Shard {
    fn code(&mut self, hash: u64, text: Text<'_>, next: Option<&AtomicU32>) -> PolarsResult<u32> {
        let Self { entries, long } = self;
        let key = match text {
            Text::Short(text) => parts(text),
            Text::Long(text) => long_key(text.len(), long.len()),
        };
        let is_same = |entry: &Entry| match text {
            Text::Short(_) => entry.key == key,
            Text::Long(text) => entry.key[0] == key[0] && matches!(entry.text(long), Text::Long(known) if known == text),
        };
        match entries.entry(hash, is_same, |entry| entry.text(long).hash()) {
            Place::Occupied(known) => Ok(known.get().code),
            Place::Vacant(new) => {
                let Some(next) = next else { return Ok(UNKNOWN) };
                let code = next.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |code| code.checked_add(1));
                let code = code.map_err(|_| PolarsError::ComputeError("there are more different ids than can be told apart".into()))?;
                new.insert(Entry { key, code });
                if let Text::Long(text) = text {
                    long.push_str(text);
                }
                Ok(code)
            }
        }
    }
}

impl Entry {
    fn text<'a>(&self, long: &'a str) -> Text<'a> {
        let length = self.key[0] as usize;
        if length <= SHORT {
            return Text::Short(whole(self.key));
        }
        let start = usize::try_from(u64::from(self.key[3]) << 32 | u64::from(self.key[2])).unwrap_or(usize::MAX);
        Text::Long(&long[start..start + length])
    }
}

impl Text<'_> {
    fn hash(self) -> u64 {
        match self {
            Self::Short(text) => mixed(text),
            Self::Long(text) => text.as_bytes().chunks(16).fold(0, |hash, chunk| {
                let mut bytes = [0; 16];
                bytes[..chunk.len()].copy_from_slice(chunk);
                mixed(u128::from_ne_bytes(bytes) ^ u128::from(hash))
            }),
        }
    }
}

impl std::fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Short(text) => {
                let (length, bytes) = (parts(*text)[0] as usize, text.to_ne_bytes());
                f.write_str(&String::from_utf8_lossy(&bytes[4..4 + length]))
            }
            Self::Long(text) => f.write_str(text),
        }
    }
}

/// Whether the first of some bytes, that a view begins with, shows for itself that it is not blank.
fn may_be_seen(prefix: u32) -> bool {
    prefix.to_ne_bytes()[0].is_ascii_graphic()
}

fn lock(shard: &Mutex<Shard>) -> MutexGuard<'_, Shard> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The four numbers in the memory of one.
fn parts(key: u128) -> [u32; 4] {
    let bytes = key.to_ne_bytes();
    std::array::from_fn(|part| u32::from_ne_bytes(std::array::from_fn(|byte| bytes[4 * part + byte])))
}

fn whole(key: [u32; 4]) -> u128 {
    u128::from_ne_bytes(std::array::from_fn(|byte| key[byte / 4].to_ne_bytes()[byte % 4]))
}

#[expect(clippy::cast_possible_truncation, reason = "a text of Polars is shorter than 4 GiB, and the halves are meant")]
fn long_key(length: usize, start: usize) -> [u32; 4] {
    [length as u32, 0, start as u32, (start as u64 >> 32) as u32]
}

/// A short whole number as the text it is written as.
fn written(integer: i64) -> u128 {
    let mut bytes = [0; 16];
    let mut digits = [0; SHORT];
    let (mut left, mut from) = (integer.unsigned_abs(), SHORT);
    loop {
        from -= 1;
        digits[from] = b'0' + u8::try_from(left % 10).unwrap_or_default();
        left /= 10;
        if left == 0 {
            break;
        }
    }
    if integer < 0 {
        from -= 1;
        digits[from] = b'-';
    }
    let length = SHORT - from;
    bytes[..4].copy_from_slice(&u32::try_from(length).unwrap_or_default().to_ne_bytes());
    bytes[4..4 + length].copy_from_slice(&digits[from..]);
    u128::from_ne_bytes(bytes)
}

/// A hash: the halves of a product.
#[expect(clippy::cast_possible_truncation, reason = "halves are meant")]
fn mixed(text: u128) -> u64 {
    const FACTORS: [u64; 3] = [0x9e37_79b9_7f4a_7c15, 0xd1b5_4a32_d192_ed03, 0xa24b_aed4_963e_e407];
    let folded = |a: u64, b: u64| {
        let product = u128::from(a) * u128::from(b);
        product as u64 ^ (product >> 64) as u64
    };
    folded(folded(text as u64 ^ FACTORS[0], (text >> 64) as u64 ^ FACTORS[1]), FACTORS[2])
}

/// One of `count` numbers by a hash, of other bits than those that tables go by.
fn digit(hash: u64, count: usize) -> usize {
    (hash >> 32) as usize % count
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use polars::prelude::{NamedFrom, Series};
    use proptest::collection::vec;
    use proptest::option::weighted;
    use proptest::prelude::{Strategy, any, proptest};

    use super::*;

    fn codes(interner: &Interner, values: &Series) -> Vec<Option<u32>> {
        interner.codes(values).unwrap().iter().collect()
    }

    /// Few enough texts that they come again, of lengths around the longest that is short.
    fn texts() -> impl Strategy<Value = Vec<Option<String>>> {
        vec(weighted(0.9, "[aø]{0,2}|[ab]{11,14}|[ab]{30}"), 0..200)
    }

    #[test]
    fn what_is_not_known_is_not_added() {
        let interner = Interner::without(Missing::Blank);
        let known = codes(&interner, &Series::new("id".into(), ["7", "a long text that is no key by itself"]));
        let asked =
            Series::new("id".into(), [Some("007"), Some("7"), None, Some(" "), Some("a long text that is no key by itself"), Some("b")]);
        let found: Vec<Option<u32>> = interner.known_codes(&asked).unwrap().iter().collect();
        assert_eq!(found, [Some(UNKNOWN), known[0], None, None, known[1], Some(UNKNOWN)]);
        let numbers: Vec<Option<u32>> = interner.known_codes(&Series::new("id".into(), [7_i64, 8])).unwrap().iter().collect();
        assert_eq!(numbers, [known[0], Some(UNKNOWN)]);
        assert_eq!(interner.len(), 2);
    }

    proptest! {
        #[test]
        fn equal_texts_have_equal_codes_and_codes_their_texts(batches in vec(texts(), 1..4)) {
            let interner = Interner::default();
            let mut known: HashMap<String, u32> = HashMap::new();
            for batch in batches {
                let values = Series::new("id".into(), &batch);
                let found = interner.codes(&values).unwrap();
                for (text, code) in batch.iter().zip(found.iter()) {
                    assert_eq!(text.is_some(), code.is_some());
                    if let (Some(text), Some(code)) = (text, code) {
                        assert_eq!(*known.entry(text.clone()).or_insert(code), code, "{text}");
                    }
                }
                assert!(interner.decoded(&found).equals_missing(&values));
            }
            let mut all: Vec<u32> = known.into_values().collect();
            all.sort_unstable();
            assert_eq!(all, (0..u32::try_from(all.len()).unwrap()).collect::<Vec<_>>());
        }

        #[test]
        fn whole_numbers_are_the_texts_they_are_written_as(numbers in vec(weighted(0.9, any::<i64>()), 0..50), shift in 0..60) {
            let numbers: Vec<Option<i64>> = numbers.into_iter().map(|number| Some(number? >> shift)).collect();
            let texts: Vec<Option<String>> = numbers.iter().map(|number| Some(number.as_ref()?.to_string())).collect();
            let interner = Interner::default();
            let expected = codes(&interner, &Series::new("id".into(), texts));
            assert_eq!(codes(&interner, &Series::new("id".into(), numbers)), expected);
        }
    }

    #[test]
    fn numbers_beyond_64_bits_are_ids_as_well() {
        let interner = Interner::default();
        let large = codes(&interner, &Series::new("id".into(), [u64::MAX, 7]));
        assert_eq!(large, codes(&interner, &Series::new("id".into(), ["18446744073709551615", "7"])));
    }

    #[test]
    fn what_is_missing_has_no_code() {
        let values = Series::new("id".into(), [Some("a"), Some(""), Some(" \u{a0}"), None, Some(" a"), Some("              ")]);
        let known = |missing| codes(&Interner::without(missing), &values).iter().map(Option::is_some).collect::<Vec<_>>();
        assert_eq!(known(Missing::Null), [true, true, true, false, true, true]);
        assert_eq!(known(Missing::Empty), [true, false, true, false, true, true]);
        assert_eq!(known(Missing::Blank), [true, false, false, false, true, false]);
    }

    #[test]
    fn threads_that_see_the_same_texts_agree() {
        let interner = Interner::default();
        let text = |number: usize| if number.is_multiple_of(3) { format!("c{number}") } else { format!("customer-{number:010}") };
        let see = |thread: usize| {
            // Each thread goes another way through the same 40 000 texts.
            let seen: Vec<String> = (0..80_000).map(|step| text((thread * 10_007 + step * 7_919) % 40_000)).collect();
            let values = Series::new("id".into(), &seen);
            seen.into_iter().zip(codes(&interner, &values)).collect::<HashMap<_, _>>()
        };
        let found: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4).map(|thread| scope.spawn(move || see(thread))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(found.iter().all(|codes| codes == &found[0]));
        let texts = interner.texts();
        assert_eq!(texts.len(), 40_000);
        assert!(found[0].iter().all(|(text, code)| texts[code.unwrap() as usize] == *text));
    }
}
