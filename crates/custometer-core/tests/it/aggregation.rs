//! Partial states: united in any way, onto any keys, they come to what the whole comes to.

use custometer_core::Aggregation;
use polars::prelude::{DataFrame, LazyFrame};
use proptest::collection::vec;
use proptest::prelude::{Just, ProptestConfig, Strategy, proptest};

use crate::engine::{aggregation, assert_true, collect, finished, kept, owned, whole};
use crate::naive::{Asked, Kind, Only, asked};
use crate::rows::{KEYS, frame, grouped, keys, parts, rows};

/// Unites the first few states, puts the outcome at the end, and so on; at last all that is left.
fn united_as_a_tree(aggregation: &Aggregation, mut states: Vec<Vec<LazyFrame>>, widths: &[usize], keys: &[&str]) -> Vec<LazyFrame> {
    for width in widths {
        let first: Vec<_> = states.drain(..states.len().min(*width)).collect();
        states.push(aggregation.unite(&first, &owned(keys)).unwrap());
    }
    aggregation.unite(&states, &owned(keys)).unwrap()
}

// Sums are kept in exact parts, so what is equal is equal to the last bit. Against the plain computation floats have a tolerance.
proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn measures_equal_a_plain_computation_over_the_same_rows(rows in rows(), asked in asked(), keys in keys()) {
        let table = whole(&aggregation(keys, &asked), &rows, keys);
        assert_true(&table, &asked, &rows, keys);
    }

    #[test]
    fn parts_united_in_any_order_equal_the_whole(parts in parts(), asked in asked(), keys in keys()) {
        let (aggregation, rows) = (aggregation(keys, &asked), parts.concat());
        let states: Vec<_> = parts.iter().map(|part| aggregation.partial(&frame(part))).collect();
        let united = finished(&aggregation, &aggregation.unite(&states, &owned(keys)).unwrap(), keys);
        assert_eq!(united, whole(&aggregation, &rows, keys));
        assert_true(&united, &asked, &rows, keys);
    }

    #[test]
    fn unites_of_unites_equal_the_whole(parts in parts(), asked in asked(), keys in keys(), widths in vec(1..=3_usize, 0..4)) {
        let (aggregation, rows) = (aggregation(keys, &asked), parts.concat());
        let united = united_as_a_tree(&aggregation, kept(&aggregation, &parts), &widths, keys);
        assert_true(&finished(&aggregation, &united, keys), &asked, &rows, keys);
    }

    #[test]
    fn the_order_of_rows_does_not_matter(
        (rows, shuffled) in rows().prop_flat_map(|rows| (Just(rows.clone()), Just(rows).prop_shuffle())),
        asked in asked(),
        keys in keys(),
    ) {
        let aggregation = aggregation(keys, &asked);
        assert_eq!(whole(&aggregation, &shuffled, keys), whole(&aggregation, &rows, keys));
    }

    #[test]
    fn states_rolled_up_onto_fewer_keys_equal_the_aggregation_by_these_keys(parts in parts(), asked in asked(), count in 1..KEYS.len()) {
        let (fine, keys, rows) = (aggregation(&KEYS, &asked), &KEYS[..count], parts.concat());
        let rolled_up = finished(&fine, &fine.unite(&kept(&fine, &parts), &owned(keys)).unwrap(), keys);
        assert_eq!(rolled_up, whole(&aggregation(keys, &asked), &rows, keys));
        assert_true(&rolled_up, &asked, &rows, keys);
    }

    #[test]
    fn states_rolled_up_twice_equal_the_aggregation_by_the_last_keys(rows in rows(), asked in asked()) {
        let fine = aggregation(&KEYS, &asked);
        let by_two = fine.unite(&[fine.partial(&frame(&rows))], &owned(&KEYS[..2])).unwrap();
        let by_one = fine.unite(&[by_two], &owned(&KEYS[..1])).unwrap();
        assert_true(&finished(&fine, &by_one, &KEYS[..1]), &asked, &rows, &KEYS[..1]);
    }

    #[test]
    fn additive_measures_of_disjoint_groups_add_up_to_the_total(rows in rows(), asked in asked()) {
        let asked: Vec<_> = asked.into_iter().filter(|asked| asked.measure().is_additive()).collect();
        let (fine, coarse) = (aggregation(&KEYS, &asked), aggregation(&KEYS[..1], &asked));
        let (groups, totals) = (whole(&fine, &rows, &KEYS), whole(&coarse, &rows, &KEYS[..1]));
        for (total, rows) in grouped(&rows, &KEYS[..1]) {
            for (index, asked) in asked.iter().enumerate() {
                let members = groups.groups().filter(|group| group.starts_with(&total));
                let added: f64 = members.map(|group| groups.get(group)[index].value.unwrap()).sum();
                let found = totals.get(&total)[index].value.unwrap();
                assert!((found - added).abs() <= asked.truth(&rows).tolerance, "{asked:?} of {total:?} is {found}, its groups' {added}");
            }
        }
    }

    #[test]
    fn states_tell_how_many_rows_they_have_seen_whatever_is_filtered(parts in parts(), keys in keys()) {
        let aggregation = aggregation(keys, &[Kind::Count, Kind::DistinctIds].map(|kind| Asked { kind, only: Only::Kept }));
        let states: Vec<_> = parts.iter().map(|part| aggregation.partial(&frame(part))).collect();
        let united = aggregation.unite(&states, &owned(keys)).unwrap();
        let counted = states.iter().chain([&united]).map(|states| states[0].clone()).collect();
        let rows_of = |state: &DataFrame| state.column("__rows").unwrap().i64().unwrap().iter().flatten().sum();
        let seen: Vec<i64> = collect(counted).iter().map(rows_of).collect();
        let mut rows: Vec<i64> = parts.iter().map(|part| i64::try_from(part.len()).unwrap()).collect();
        rows.push(rows.iter().sum());
        assert_eq!(seen, rows);
    }
}
