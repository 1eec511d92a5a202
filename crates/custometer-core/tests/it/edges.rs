//! Where there is little to measure, or nothing, and where floats run out.

use custometer_core::Measure;
use custometer_core::aggregation::Measured;
use custometer_core::measure::sum;
use polars::prelude::{DataType, col};
use proptest::collection::vec;
use proptest::option::weighted;
use proptest::prelude::{ProptestConfig, any, proptest};
use proptest::sample::select;

use crate::engine::{aggregation, finished, kept, single, state, united, whole};
use crate::naive::{Asked, KINDS, Kind, Number, Only, asked, variance_of};
use crate::rows::{BARE, Row, group};

const BY: [&str; 1] = ["b"];
const EXTREMES: [f64; 6] = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX, f64::MIN, 1.0];

fn every_kind() -> Vec<Asked> {
    KINDS.into_iter().map(Asked::all).collect()
}

fn of_nothing(measures: &[Measure]) -> Vec<Option<f64>> {
    measures.iter().map(|measure| measure.aggregate.of_nothing()).collect()
}

/// The measures of rows that are all of one group.
fn measured(asked: &[Asked], rows: &[Row]) -> Vec<Option<f64>> {
    whole(&aggregation(&BY, asked), rows, &BY).get(&group(&BARE, &BY)).iter().map(|measured| measured.value).collect()
}

#[test]
fn nothing_has_no_groups_and_counts_and_sums_of_zero() {
    let (asked, aggregation) = (every_kind(), aggregation(&BY, &every_kind()));
    let united = united(&aggregation, [state(&aggregation, &[]), state(&aggregation, &[])]);
    for table in [whole(&aggregation, &[], &BY), finished(&aggregation, united, &BY)] {
        assert_eq!(table.groups().count(), 0);
        let values: Vec<_> = table.get(&group(&BARE, &BY)).iter().map(|measured| measured.value).collect();
        assert_eq!(values, of_nothing(aggregation.measures()));
        assert_eq!(values, asked.iter().map(|asked| asked.truth(&[]).value).collect::<Vec<_>>());
    }
}

#[test]
fn rows_without_values_are_counted_and_measure_as_nothing() {
    let asked = every_kind();
    let rows = [BARE, BARE, BARE];
    for (asked, value) in asked.iter().zip(measured(&asked, &rows)) {
        let expected = if asked.kind == Kind::Count { Some(3.0) } else { asked.measure().aggregate.of_nothing() };
        assert_eq!(value, expected, "{asked:?}");
    }
}

#[test]
fn a_filter_that_is_null_or_false_everywhere_leaves_a_group_that_measures_as_nothing() {
    let asked: Vec<_> = KINDS.into_iter().map(|kind| Asked { kind, only: Only::Kept }).collect();
    let row = Row { int: Some(1), float: Some(1.0), id: Some("p"), ..BARE };
    let aggregation = aggregation(&BY, &asked);
    let table = whole(&aggregation, &[row.clone(), Row { keep: Some(false), ..row }], &BY);
    assert_eq!(table.groups().collect::<Vec<_>>(), [&group(&BARE, &BY)]);
    let values: Vec<_> = table.get(&group(&BARE, &BY)).iter().map(|measured| measured.value).collect();
    assert_eq!(values, of_nothing(aggregation.measures()));
}

#[test]
fn one_row_has_every_measure_but_a_variance() {
    let asked = every_kind();
    let row = Row { int: Some(7), float: Some(7.0), id: Some("p"), ..BARE };
    for (asked, value) in asked.iter().zip(measured(&asked, &[row])) {
        let expected = match asked.kind {
            Kind::Count | Kind::DistinctIds | Kind::DistinctInts => Some(1.0),
            Kind::Variance(_) => None,
            _ => Some(7.0),
        };
        assert_eq!(value, expected, "{asked:?}");
    }
}

#[test]
fn only_counts_and_sums_are_declared_additive() {
    for asked in every_kind() {
        let measure = asked.measure();
        assert_eq!(measure.is_additive(), matches!(asked.kind, Kind::Count | Kind::Sum(_)), "{asked:?}");
        assert_eq!(measure.is_additive_over_time(), measure.is_additive(), "{asked:?}");
        assert!(!measure.closing().is_additive_over_time(), "{asked:?}");
    }
}

#[test]
fn distinct_counts_means_and_quantiles_of_disjoint_groups_do_not_add_up() {
    let row = |b, float, id| Row { b: Some(b), float: Some(float), id: Some(id), ..BARE };
    // The customer `p` is in both groups.
    let rows = [row(1, 1.0, "p"), row(2, 2.0, "p"), row(2, 6.0, "q")];
    let asked = [Kind::DistinctIds, Kind::Mean(Number::Float), Kind::Quantile(Number::Float, 0.5)].map(Asked::all);
    let groups = whole(&aggregation(&["b"], &asked), &rows, &["b"]);
    let total = whole(&aggregation(&["a"], &asked), &rows, &["a"]);
    let values = |measures: &[Measured]| measures.iter().map(|measured| measured.value.unwrap()).collect::<Vec<_>>();
    assert_eq!(values(groups.get(&[1.into()])), [1.0, 1.0, 1.0]);
    assert_eq!(values(groups.get(&[2.into()])), [2.0, 4.0, 4.0]);
    assert_eq!(values(total.get(&group(&BARE, &["a"]))), [2.0, 3.0, 2.0]);
}

#[test]
fn sums_of_narrow_numbers_are_as_exact_as_those_of_wide_ones() {
    let row = |value: u32| Row { int: Some(value.into()), float: Some(value.into()), ..BARE };
    let narrow = |of, to| single(sum("sum", col(of).cast(to)), &[row(2_000_000_000), row(2_000_000_000), row(1)]);
    assert_eq!(narrow("int", DataType::Int32), Some(4_000_000_001.0));
    assert_eq!(narrow("int", DataType::UInt32), Some(4_000_000_001.0));
    assert_eq!(narrow("float", DataType::Float32), Some(4_000_000_001.0));
}

#[test]
fn a_group_without_values_does_not_spoil_the_states_it_is_united_with_later() {
    let asked = [Asked::all(Kind::Mean(Number::Float)), Asked::all(Kind::Variance(Number::Float))];
    let aggregation = aggregation(&BY, &asked);
    let empty = kept(&aggregation, &[vec![BARE]]).remove(0);
    let full = state(&aggregation, &[1.0, 3.0].map(|float| Row { float: Some(float), ..BARE }));
    let table = finished(&aggregation, united(&aggregation, [empty, full]), &BY);
    let values: Vec<_> = table.get(&group(&BARE, &BY)).iter().map(|measured| measured.value).collect();
    assert_eq!(values, [Some(2.0), Some(2.0)]);
}

#[test]
fn variance_of_large_values_near_each_other_is_right() {
    let far = |offset: f64| Row { float: Some(1e9 + offset), ..BARE };
    let parts = [vec![far(0.0), far(1.0), far(2.0)], vec![far(2.0)], vec![far(0.0), far(1.0)]];
    let found = united_variance(&parts).unwrap();
    let expected = variance_of(&[0.0, 1.0, 2.0, 2.0, 0.0, 1.0]).unwrap();
    assert!((found - expected).abs() < 1e-9 * expected, "{found} is not {expected}");
}

#[test]
fn variance_of_values_near_each_other_is_as_right_as_the_values_or_undefined() {
    let scales =
        [(3e9, 1.0), (1e10, 1.0), (1e12, 1.0), (1.7e15, 1e6), (1e-5, 1e-11), (1e-8, 1e-14), (2e9, 1.0), (1e-4, 1e-9), (1e12, 1e11)];
    let mut defined = 0;
    for (base, step) in scales {
        let values = [0.0, 1.0, 2.0, 1.0, 0.0].map(|offset| base + step * offset);
        let rows = values.map(|float| Row { float: Some(float), ..BARE });
        let Some(found) = united_variance(&[rows[..2].to_vec(), rows[2..].to_vec()]) else { continue };
        defined += 1;
        let expected = variance_of(&values).unwrap();
        // What any stable algorithm reaches: the last digits of the values, over their spread.
        let tolerance = 10.0 * f64::EPSILON * base / step * expected;
        assert!((found - expected).abs() <= tolerance, "{found} is not {expected} near {base}");
    }
    assert!(defined >= 3, "only {defined} of the scales have a variance");
}

#[test]
fn variance_of_large_values_shows_no_split_in_the_digits_that_are_kept() {
    let values = [50_615_160_435.692_89, 50_663_488_057.090_56, 50_925_346_909.841_48, 51_020_278_143.087_43, 50_901_009_804.232_04];
    let rows = values.map(|float| Row { float: Some(float), ..BARE });
    let kept = |split: usize| format!("{:.11e}", united_variance(&[rows[..split].to_vec(), rows[split..].to_vec()]).unwrap());
    assert_eq!((1..rows.len()).map(kept).collect::<Vec<_>>(), vec![kept(0); 4]);
}

#[test]
fn values_that_are_not_finite_have_no_sum_mean_or_variance() {
    let asked = [Kind::Sum(Number::Float), Kind::Mean(Number::Float), Kind::Variance(Number::Float)].map(Asked::all);
    for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let rows = [value, 1.0, 2.0].map(|float| Row { float: Some(float), ..BARE });
        assert_eq!(measured(&asked, &rows), [None; 3], "{value}");
    }
    // Its square is beyond the largest float.
    let rows = [1e200, 2e200].map(|float| Row { float: Some(float), ..BARE });
    assert_eq!(measured(&asked[2..], &rows), [None]);
}

fn united_variance(parts: &[Vec<Row>]) -> Option<f64> {
    let aggregation = aggregation(&BY, &[Asked::all(Kind::Variance(Number::Float))]);
    let united = united(&aggregation, kept(&aggregation, parts));
    finished(&aggregation, united, &BY).get(&group(&BARE, &BY))[0].value
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn variance_of_large_values_near_each_other_is_right_however_they_are_split(offsets in vec((0..=2_u8, 0..5_usize), 2..60)) {
        let members = |part| offsets.iter().filter(move |(_, place)| *place == part);
        let parts = [0, 1, 2, 3, 4].map(|part| {
            members(part).map(|(offset, _)| Row { float: Some(1e9 + f64::from(*offset)), ..BARE }).collect::<Vec<_>>()
        });
        let found = united_variance(&parts).unwrap();
        let expected = variance_of(&offsets.iter().map(|(offset, _)| f64::from(*offset)).collect::<Vec<_>>()).unwrap();
        assert!((found - expected).abs() <= 1e-9 * expected, "{found} is not {expected}");
    }

    #[test]
    fn no_measure_is_ever_nan_or_infinite(
        values in vec((weighted(0.9, select(EXTREMES.to_vec())), any::<bool>()), 1..12),
        asked in asked(),
    ) {
        let rows: Vec<Row> = values.into_iter().map(|(float, keep)| Row { float, keep: Some(keep), ..BARE }).collect();
        let table = whole(&aggregation(&BY, &asked), &rows, &BY);
        for (asked, found) in asked.iter().zip(table.get(&group(&BARE, &BY))) {
            assert!(found.value.is_none_or(f64::is_finite), "{asked:?} is {found:?} of {rows:?}");
            assert!(found.interval.is_none_or(|(low, high)| low.is_finite() && high.is_finite()), "{asked:?} is {found:?} of {rows:?}");
        }
    }
}
