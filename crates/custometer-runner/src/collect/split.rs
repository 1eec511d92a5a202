//! Rows split by entity, for derivations: in memory, or beyond it on disk.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use custometer_core::entities::by_entity;
use custometer_core::parallel;
use polars::prelude::{
    DataFrame, IdxCa, IdxSize, IntoColumn, LazyFrame, PolarsError, PolarsResult, SortMultipleOptions, UInt64Chunked, col,
};

use crate::collect::accumulate::ending;
use crate::memory::{Holder, Memory, MemoryError, Scratch};
use crate::read::scan::ROW;

/// Rows, split so that those of an entity are together.
pub(crate) struct Split {
    rows: LazyFrame,
    /// None where every row is an entity by itself.
    entity: Option<String>,
    /// The batches of each part, with the number of the first row of each.
    parts: Mutex<Vec<Vec<(u64, DataFrame)>>>,
    /// How many bytes these have.
    held: AtomicU64,
    /// What there was no room for, in finer parts.
    aside: Scratch<usize>,
    memory: Arc<Memory>,
    /// Held by who derives an entity that is too large to be one of several at a time.
    alone: Mutex<()>,
}

/// Some of the rows, with all that an entity has.
pub(crate) enum Portion {
    Held(DataFrame),
    /// Parts on disk.
    Aside(Vec<usize>),
}

const PARTS: usize = 64;
/// So many parts are made of each when it is put aside.
const FINER: usize = 16;
/// Parts are put together until so many rows are made of them: enough to be worth a plan, and few enough that what is needed at one time fits into
/// the processor's caches.
const ROWS: usize = 400_000;
/// Rows take up to so many times their bytes while they are derived.
const WORK: u64 = 16;
/// Rows of so many bytes can be derived in any memory.
const FEW: u64 = 4 << 20;
/// The first row of the batch that a row came in, by which rows on disk have the order of the files.
const BATCH: &str = "__batch";

impl Split {
    /// For rows with these columns. Where the entity's column is not among them, no derivation can tell which rows belong together.
    pub(crate) fn new(rows: &LazyFrame, entity: &str, columns: &BTreeSet<String>, memory: &Arc<Memory>) -> Arc<Self> {
        let entity = columns.get(entity).cloned();
        let columns = columns.iter().map(|column| col(column.as_str())).chain([col(ROW)]);
        let rows = rows.clone().select(columns.collect::<Vec<_>>());
        let split = Arc::new(Self {
            rows,
            entity,
            parts: Mutex::new(vec![Vec::new(); PARTS]),
            held: AtomicU64::new(0),
            aside: Scratch::new(memory),
            memory: Arc::clone(memory),
            alone: Mutex::default(),
        });
        memory.add(Arc::downgrade(&split) as _);
        split
    }

    /// A plan that keeps all rows, and returns none.
    pub(crate) fn sink(self: &Arc<Self>) -> LazyFrame {
        let split = Arc::clone(self);
        ending(self.rows.clone(), move |rows| split.add(rows))
    }

    fn add(&self, rows: &DataFrame) -> PolarsResult<()> {
        let Some(first) = rows.column(ROW)?.u64()?.first() else { return Ok(()) };
        let parts = self.keys(rows)?.into_iter().map(|key| key as usize % PARTS).collect();
        let (rows, sizes) = ordered(rows, parts, PARTS)?;
        let bytes = rows.estimated_size() as u64;
        let mut parts = self.parts();
        for (part, rows) in sliced(&rows, &sizes) {
            parts[part].push((first, rows));
        }
        self.held.fetch_add(bytes, Ordering::Relaxed);
        drop(parts);
        self.memory.make_room()
    }

    /// Some of the rows, with those of each entity together.
    pub(crate) fn together(&self, rows: &DataFrame) -> PolarsResult<DataFrame> {
        self.entity.as_ref().map_or_else(|| Ok(rows.clone()), |entity| by_entity(rows, entity))
    }

    /// No rows, of the columns that there are.
    pub(crate) fn nothing(&self) -> PolarsResult<DataFrame> {
        Ok(DataFrame::empty_with_schema(&*self.rows.clone().collect_schema()?))
    }

    /// Takes all rows so far, in at least one portion, and leaves none. So many rows may be made of each.
    pub(crate) fn take(&self, rows_of_one: usize) -> PolarsResult<Vec<Portion>> {
        if !self.aside.parts().is_empty() {
            self.put_aside()?;
            let mut portions: Vec<Vec<usize>> = Vec::new();
            let mut rows_of_last = ROWS;
            for (part, rows) in self.aside.parts() {
                if rows_of_last >= ROWS {
                    portions.push(Vec::new());
                    rows_of_last = 0;
                }
                portions.last_mut().into_iter().for_each(|last| last.push(part));
                rows_of_last = rows_of_last.saturating_add(rows.saturating_mul(rows_of_one));
            }
            return Ok(portions.into_iter().map(Portion::Aside).collect());
        }
        let parts = std::mem::replace(&mut *self.parts(), vec![Vec::new(); PARTS]);
        self.held.store(0, Ordering::Relaxed);
        let nothing = self.nothing()?;
        let mut taken = vec![nothing.clone()];
        for batches in parts {
            if taken.last().is_some_and(|part| part.height().saturating_mul(rows_of_one) >= ROWS) {
                taken.push(nothing.clone());
            }
            if let Some(part) = taken.last_mut() {
                for (_, batch) in in_order(batches) {
                    part.vstack_mut(&batch)?;
                }
            }
        }
        Ok(taken.into_iter().map(Portion::Held).collect())
    }

    /// What `derive` makes of the rows of a portion: of all at once, or of several frames, each in the order of the files. So many rows may be made
    /// of each.
    ///
    /// Why an entity has too many rows is told by some of these.
    pub(crate) fn each<T>(
        &self,
        portion: Portion,
        rows_of_one: usize,
        derive: impl Fn(DataFrame) -> PolarsResult<T>,
        refused: impl Fn(&DataFrame) -> PolarsError,
    ) -> PolarsResult<Vec<T>> {
        let parts = match portion {
            Portion::Held(rows) => return Ok(vec![derive(rows)?]),
            Portion::Aside(parts) => parts,
        };
        let threads = parallel::threads() as u64;
        let most = |share: u64| (self.memory.limit() / share / rows_of_one.max(1) as u64).max(FEW);
        let mut derived = Vec::new();
        let mut left = vec![Share { parts, of: 1, number: 0, without: Vec::new() }];
        while let Some(share) = left.pop() {
            let some = match self.read(&share.parts, most(2 * WORK * threads), |key| share.has(key))? {
                Read::All(rows) => {
                    derived.push(derive(rows)?);
                    continue;
                }
                Read::TooMany(some) => some,
            };
            let Some(key) = self.only_key(&some)? else {
                left.extend(share.halves());
                continue;
            };
            drop(some);
            let _alone = self.alone.lock().unwrap_or_else(PoisonError::into_inner);
            match self.read(&share.parts, most(WORK), |other| other == key)? {
                Read::All(rows) => derived.push(derive(rows)?),
                Read::TooMany(some) => return Err(refused(&some)),
            }
            left.push(share.without(key));
        }
        Ok(derived)
    }

    /// That an entity has too many rows, of which these are some.
    pub(crate) fn refused(&self, table: &str, of: String, rows: &DataFrame) -> PolarsError {
        let megabytes = self.memory.limit() / 1_000_000;
        self.memory.failed(MemoryError::Entity { table: table.to_owned(), of, rows: rows.height(), megabytes })
    }

    /// The rows of parts on disk that have certain keys; some of them, where all have more than so many bytes.
    fn read(&self, parts: &[usize], most: u64, has: impl Fn(u32) -> bool) -> PolarsResult<Read> {
        let mut all = self.nothing()?.with_column(UInt64Chunked::from_vec(BATCH.into(), Vec::new()).into_column())?.clone();
        for block in parts.iter().flat_map(|part| self.aside.get(*part)) {
            let block = block?;
            let wanted = self.keys(&block)?.into_iter().map(&has).collect();
            all.vstack_mut(&block.filter(&wanted)?)?;
            if all.estimated_size() as u64 > most {
                return Ok(Read::TooMany(all));
            }
        }
        let in_order = all.sort([BATCH], SortMultipleOptions::default().with_maintain_order(true))?;
        Ok(Read::All(in_order.drop(BATCH)?))
    }

    /// The key that rows have, if it is one.
    fn only_key(&self, rows: &DataFrame) -> PolarsResult<Option<u32>> {
        let keys = self.keys(rows)?;
        Ok(keys.first().copied().filter(|first| keys.iter().all(|key| key == first)))
    }

    /// What rows are split by: their entities, as far as these are codes. Where they are not, all rows are together.
    fn keys(&self, rows: &DataFrame) -> PolarsResult<Vec<u32>> {
        let Some(entity) = &self.entity else {
            // A row is as good in one part as in another.
            return Ok(rows
                .column(ROW)?
                .u64()?
                .iter()
                .map(|row| u32::try_from(row.unwrap_or_default() & u64::from(u32::MAX)).unwrap_or_default())
                .collect());
        };
        Ok(match rows.column(entity)?.u32() {
            Ok(codes) => codes.iter().map(Option::unwrap_or_default).collect(),
            Err(_) => vec![0; rows.height()],
        })
    }

    fn parts(&self) -> MutexGuard<'_, Vec<Vec<(u64, DataFrame)>>> {
        self.parts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts aside the batches of a part.
    fn put_part_aside(&self, (part, batches): (usize, Vec<(u64, DataFrame)>)) -> PolarsResult<()> {
        let mut rows: Option<DataFrame> = None;
        let mut first_rows = Vec::new();
        for (first, batch) in in_order(batches) {
            first_rows.resize(first_rows.len() + batch.height(), first);
            match &mut rows {
                Some(rows) => drop(rows.vstack_mut(&batch)?),
                None => rows = Some(batch),
            }
        }
        let Some(mut rows) = rows else { return Ok(()) };
        rows.with_column(UInt64Chunked::from_vec(BATCH.into(), first_rows).into_column())?;
        let finer = self.keys(&rows)?.into_iter().map(|key| key as usize / PARTS % FINER).collect();
        let (rows, sizes) = ordered(&rows, finer, FINER)?;
        sliced(&rows, &sizes).try_for_each(|(finer, rows)| self.aside.put(part + PARTS * finer, rows))
    }
}

impl Holder for Split {
    fn held(&self) -> u64 {
        self.held.load(Ordering::Relaxed)
    }

    fn put_aside(&self) -> PolarsResult<()> {
        let (held, parts) = {
            let mut parts = self.parts();
            (self.held(), std::mem::replace(&mut *parts, vec![Vec::new(); PARTS]))
        };
        let parts = parts.into_iter().enumerate().collect();
        let step = |done: &mut PolarsResult<()>, part| {
            if done.is_ok() {
                *done = self.put_part_aside(part);
            }
        };
        parallel::fold(parts, || Ok(()), step).into_iter().collect::<PolarsResult<()>>()?;
        self.held.fetch_sub(held, Ordering::Relaxed);
        Ok(())
    }
}

/// What was read of rows on disk.
enum Read {
    All(DataFrame),
    /// Some of those that are more than wanted at once.
    TooMany(DataFrame),
}

/// Some of the keys of parts on disk: those whose number leaves a rest.
struct Share {
    parts: Vec<usize>,
    of: usize,
    number: usize,
    without: Vec<u32>,
}

impl Share {
    fn has(&self, key: u32) -> bool {
        key as usize / (PARTS * FINER) % self.of == self.number && !self.without.contains(&key)
    }

    /// The same in two shares.
    fn halves(mut self) -> [Self; 2] {
        if self.parts.len() > 1 {
            let parts = self.parts.split_off(self.parts.len() / 2);
            return [Self { parts, without: self.without.clone(), ..self }, self];
        }
        let half = |number| Self { parts: self.parts.clone(), of: 2 * self.of, number, without: self.without.clone() };
        [half(self.number), half(self.number + self.of)]
    }

    fn without(mut self, key: u32) -> Self {
        self.without.push(key);
        self
    }
}

/// Batches in the order of the files.
fn in_order(mut batches: Vec<(u64, DataFrame)>) -> Vec<(u64, DataFrame)> {
    batches.sort_by_key(|(first, _)| *first);
    batches
}

/// The rows of each number that some have, in the order of [`ordered`].
fn sliced(rows: &DataFrame, sizes: &[usize]) -> impl Iterator<Item = (usize, DataFrame)> {
    let starts = sizes.iter().scan(0_i64, |next, size| Some(std::mem::replace(next, *next + i64::try_from(*size).unwrap_or(0))));
    let slices = starts.zip(sizes).enumerate().filter(|(_, (_, size))| **size > 0);
    slices.map(|(number, (start, size))| (number, rows.slice(start, *size)))
}

/// Rows in the order of the numbers that they have, equal ones as they are, and how many have each number.
fn ordered(rows: &DataFrame, numbers: Vec<usize>, count: usize) -> PolarsResult<(DataFrame, Vec<usize>)> {
    let mut sizes = vec![0; count];
    for number in &numbers {
        sizes[*number] += 1;
    }
    let mut next = vec![0; count];
    for number in 1..count {
        next[number] = next[number - 1] + sizes[number - 1];
    }
    let mut order: Vec<IdxSize> = vec![0; rows.height()];
    for (row, number) in (0..).zip(numbers) {
        order[next[number]] = row;
        next[number] += 1;
    }
    let order = IdxCa::from_vec("order".into(), order);
    let columns = rows.columns().iter().map(|column| column.take(&order)).collect::<PolarsResult<_>>()?;
    Ok((DataFrame::new(rows.height(), columns)?, sizes))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use polars::prelude::{IntoLazy, df};

    use super::*;
    use crate::memory::MemoryLimit;
    use crate::read::watch::Watch;

    /// A split of rows of entities by their codes, in batches that come in another order than that of the files.
    fn split(ids: &[Option<u32>], memory: &Arc<Memory>) -> Arc<Split> {
        let rows: Vec<u64> = (0..ids.len() as u64).collect();
        let payload: Vec<i64> = rows.iter().map(|row| i64::try_from(*row).unwrap() * 3).collect();
        let rows = df!("id" => ids, "payload" => payload, ROW => rows).unwrap();
        let columns = ["id", "payload"].map(str::to_owned).into();
        let split = Split::new(&rows.clone().lazy(), "id", &columns, memory);
        let rows = rows.select(["id", "payload", ROW]).unwrap();
        let batch = rows.height().div_ceil(7);
        for number in [3_usize, 0, 6, 1, 5, 2, 4] {
            split.add(&rows.slice(i64::try_from(number * batch).unwrap(), batch)).unwrap();
        }
        split
    }

    /// The rows of each entity as they come, each entity in one frame; or why not.
    fn derived(split: &Split) -> Result<BTreeMap<Option<u32>, Vec<u64>>, String> {
        let derive = |rows: DataFrame| {
            let mut of_frame: BTreeMap<Option<u32>, Vec<u64>> = BTreeMap::new();
            let (ids, numbers) = (rows.column("id")?.u32()?.clone(), rows.column(ROW)?.u64()?.clone());
            ids.iter().zip(numbers.iter()).for_each(|(id, row)| of_frame.entry(id).or_default().push(row.unwrap()));
            assert_eq!(rows.width(), 3);
            Ok(of_frame)
        };
        let mut all = BTreeMap::new();
        for portion in split.take(1).unwrap() {
            let frames = split.each(portion, 1, derive, |rows| split.refused("t", "of one `id`".to_owned(), rows));
            for (id, rows) in frames.map_err(|error| error.to_string())?.into_iter().flatten() {
                assert!(all.insert(id, rows).is_none(), "{id:?} is in two frames");
            }
        }
        Ok(all)
    }

    fn expected(ids: &[Option<u32>]) -> BTreeMap<Option<u32>, Vec<u64>> {
        let mut expected: BTreeMap<Option<u32>, Vec<u64>> = BTreeMap::new();
        (0..).zip(ids).for_each(|(row, id)| expected.entry(*id).or_default().push(row));
        expected
    }

    fn in_memory(bytes: u64) -> Arc<Memory> {
        Memory::new(&MemoryLimit { bytes: Some(bytes), scratch: None }, &Watch::default())
    }

    fn without_memory() -> Arc<Memory> {
        in_memory(0)
    }

    #[test]
    fn rows_on_disk_are_those_in_memory_in_their_order() {
        let ids: Vec<Option<u32>> = (0..20_000_u32).map(|row| (row % 11 != 0).then_some(row.wrapping_mul(7_919) % 3_000)).collect();
        let (held, aside) = (split(&ids, &in_memory(1 << 40)), split(&ids, &without_memory()));
        assert!(held.held() > 0 && held.aside.parts().is_empty());
        assert!(aside.held() == 0 && aside.aside.parts().len() > 1_000);
        assert_eq!(derived(&held).unwrap(), expected(&ids));
        assert_eq!(derived(&aside).unwrap(), expected(&ids));
    }

    #[test]
    fn a_part_that_is_too_large_is_split_again_and_a_large_entity_comes_alone() {
        // All in one part: small entities of more rows than there is room for at a time, and one that has room only by itself.
        let ids: Vec<Option<u32>> = (0..400_000_u32).map(|row| Some(if row % 2 == 0 { 1_024 * 5 } else { row % 1_000 * 1_024 })).collect();
        let aside = split(&ids, &in_memory(112 << 20));
        aside.put_aside().unwrap();
        assert_eq!(aside.aside.parts().len(), 1);
        assert_eq!(derived(&aside).unwrap(), expected(&ids));
    }

    #[test]
    fn an_entity_that_is_too_large_is_refused() {
        let ids: Vec<Option<u32>> = (0..400_000_u32).map(|row| Some(if row % 10 == 0 { row } else { 7 })).collect();
        let memory = without_memory();
        let refused = derived(&split(&ids, &memory)).unwrap_err();
        assert!(refused.contains("table `t` has more than") && refused.contains("rows of one `id`"), "{refused}");
        assert!(matches!(memory.failure(), Some(MemoryError::Entity { rows, .. }) if rows > 100_000));
    }
}
