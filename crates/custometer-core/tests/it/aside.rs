//! Parts of states that are put aside: what is measured of them is what would be measured had they stayed.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use custometer_core::aggregation::{Aside, By, Span};
use custometer_core::measure::{Measure, count_distinct, quantile};
use custometer_core::time::BUCKET;
use custometer_core::{Aggregation, DimensionValue};
use polars::prelude::{DataFrame, PolarsResult, col, df};
use proptest::collection::vec;
use proptest::prelude::{ProptestConfig, any, proptest};

use crate::engine::{CONFIDENCE, aggregation, owned, state, whole};
use crate::naive::asked;
use crate::rows::{keys, parts};

/// Parts in memory, as if it were elsewhere.
struct Shelves {
    parts: Mutex<BTreeMap<(usize, u32), Vec<DataFrame>>>,
    room: usize,
}

impl Shelves {
    fn with_room(room: usize) -> Self {
        Self { parts: Mutex::default(), room }
    }
}

impl Aside for Shelves {
    fn put(&self, part: (usize, u32), rows: DataFrame) -> PolarsResult<()> {
        self.parts.lock().unwrap().entry(part).or_default().push(rows);
        Ok(())
    }

    fn parts(&self) -> Vec<((usize, u32), usize)> {
        let parts = self.parts.lock().unwrap();
        parts.iter().map(|(part, blocks)| (*part, blocks.iter().map(DataFrame::height).sum())).collect()
    }

    fn get<'a>(&'a self, part: (usize, u32)) -> Box<dyn Iterator<Item = PolarsResult<DataFrame>> + 'a> {
        Box::new(self.parts.lock().unwrap().get(&part).cloned().unwrap_or_default().into_iter().map(Ok))
    }

    fn room(&self) -> usize {
        self.room
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn what_is_put_aside_is_measured_as_what_stays(
        parts in parts(),
        asked in asked(),
        keys in keys(),
        puts in vec(any::<bool>(), 0..8),
        room in 1..2_000_usize,
    ) {
        let aggregation = aggregation(keys, &asked);
        let shelves = Shelves::with_room(room);
        let mut all = aggregation.state();
        for (number, part) in parts.iter().enumerate() {
            aggregation.unite(&mut all, state(&aggregation, part));
            if puts.get(number) != Some(&false) {
                aggregation.put_aside(&mut all, &shelves).unwrap();
                assert_eq!(all.bytes(), 0);
            }
        }
        let expected = [whole(&aggregation, &parts.concat(), keys)];
        let mut back = all.clone();
        aggregation.take_back(&mut back, &shelves).unwrap();
        assert_eq!(aggregation.finish(back, &[By::keys(owned(keys))], CONFIDENCE).unwrap(), expected);
        assert_eq!(aggregation.finish_with(all, &shelves, &[By::keys(owned(keys))], CONFIDENCE).unwrap(), expected);
    }
}

/// A hundred thousand rows in twelve buckets: ids and values of which many come again.
fn rows() -> DataFrame {
    let number = |row: i64, factor: i64| row.wrapping_mul(factor).rem_euclid(100_003);
    let buckets: Vec<i32> = (0..100_000).map(|row| i32::try_from(number(row, 7_919) % 12).unwrap()).collect();
    let ids: Vec<String> = (0..100_000).map(|row| format!("u{}", number(row, 104_729) % 30_000)).collect();
    let values: Vec<f64> = (0..100_000).map(|row| number(row, 15_485_863) as f64 / 7.0 - 2_000.0).collect();
    df!(BUCKET => buckets, "id" => ids, "value" => values).unwrap()
}

fn measures() -> Vec<Measure> {
    vec![count_distinct("ids", col("id")), quantile("median", col("value"), 0.5), quantile("p99", col("value"), 0.99)]
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a test looks at its result")]
fn windows_of_what_is_put_aside_are_those_of_what_stays() {
    use polars::prelude::IntoLazy;
    let aggregation = Aggregation::new(owned(&[BUCKET]), measures());
    let rows = rows().lazy().select(aggregation.columns()).collect().unwrap();
    let spans: Arc<[Span]> = (0..12).map(|number| Span { number, from: number - 3, until: number + 1 }).collect();
    let choices = [By::keys(owned(&[BUCKET])), By::keys(Vec::new()), By { spans: Some(spans), ..By::keys(owned(&[BUCKET])) }];
    let mut state = aggregation.state();
    aggregation.add(&mut state, &rows).unwrap();
    let expected = aggregation.finish(state, &choices, CONFIDENCE).unwrap();
    // Distinct ids and the median of all, counted and sorted here.
    let value = |row: i64| row.wrapping_mul(15_485_863).rem_euclid(100_003) as f64 / 7.0 - 2_000.0;
    let mut values: Vec<f64> = (0..100_000).map(value).collect();
    values.sort_unstable_by(f64::total_cmp);
    let total: Vec<Option<f64>> = expected[1].get(&[]).iter().map(|measured| measured.value).collect();
    assert_eq!(total[..2], [Some(30_000.0), Some(f64::midpoint(values[49_999], values[50_000]))]);
    for room in [1_000, 50_000, 1 << 30] {
        let shelves = Shelves::with_room(room);
        let mut state = aggregation.state();
        for batch in 0..10 {
            aggregation.add(&mut state, &rows.slice(10_000 * batch, 10_000)).unwrap();
            if batch % 3 == 0 {
                aggregation.put_aside(&mut state, &shelves).unwrap();
            }
        }
        assert!(shelves.parts().len() > 64, "{room}");
        let found = aggregation.finish_with(state, &shelves, &choices, CONFIDENCE).unwrap();
        assert_eq!(found, expected, "{room}");
        assert_eq!(found[2].groups().count(), 12);
        assert!(found[2].get(&[DimensionValue::Integer(11)])[0].value.is_some());
    }
}
