//! Partial states: united in any way, onto any keys, they come to what the whole comes to.

use custometer_core::Aggregation;
use custometer_core::aggregation::{By, State};
use custometer_core::time::BUCKET;
use polars::prelude::DataFrame;
use proptest::collection::vec;
use proptest::prelude::{Just, ProptestConfig, Strategy, proptest};

use crate::engine::{CONFIDENCE, aggregation, assert_true, finished, kept, owned, state, united, whole};
use crate::naive::{Asked, Kind, Only, asked};
use crate::rows::{KEYS, grouped, keys, parts, rows};

/// Unites the first few states, puts the outcome at the end, and so on; at last all that is left.
fn united_as_a_tree(aggregation: &Aggregation, mut states: Vec<State>, widths: &[usize]) -> State {
    for width in widths {
        let first: Vec<_> = states.drain(..states.len().min(*width)).collect();
        states.push(united(aggregation, first));
    }
    united(aggregation, states)
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
        let united = united(&aggregation, parts.iter().map(|part| state(&aggregation, part)));
        let united = finished(&aggregation, united, keys);
        assert_eq!(united, whole(&aggregation, &rows, keys));
        assert_true(&united, &asked, &rows, keys);
    }

    #[test]
    fn unites_of_unites_equal_the_whole(parts in parts(), asked in asked(), keys in keys(), widths in vec(1..=3_usize, 0..4)) {
        let (aggregation, rows) = (aggregation(keys, &asked), parts.concat());
        let united = united_as_a_tree(&aggregation, kept(&aggregation, &parts), &widths);
        assert_true(&finished(&aggregation, united, keys), &asked, &rows, keys);
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
        let rolled_up = finished(&fine, united(&fine, kept(&fine, &parts)), keys);
        assert_eq!(rolled_up, whole(&aggregation(keys, &asked), &rows, keys));
        assert_true(&rolled_up, &asked, &rows, keys);
    }

    #[test]
    fn a_state_can_be_finished_by_several_choices_of_keys_at_once(rows in rows(), asked in asked()) {
        let aggregation = aggregation(&KEYS, &asked);
        let choices: [&[&str]; 5] = [&["b", "a"], &KEYS, &[], &["a"], &[BUCKET, "b"]];
        let tables = aggregation.finish(state(&aggregation, &rows), &choices.map(|keys| By::keys(owned(keys))), CONFIDENCE).unwrap();
        for (keys, table) in choices.into_iter().zip(&tables) {
            assert_true(table, &asked, &rows, keys);
        }
    }

    #[test]
    fn tables_of_several_states_under_each_other_are_those_of_their_union(parts in parts(), asked in asked(), keys in keys()) {
        let (aggregation, rows) = (aggregation(keys, &asked), parts.concat());
        let states: Vec<_> = parts.iter().map(|part| aggregation.tables(&state(&aggregation, part)).unwrap()).collect();
        let under_each_other = |mut all: Vec<DataFrame>, tables: Vec<DataFrame>| {
            all.iter_mut().zip(&tables).for_each(|(all, table)| all.vstack_mut(table).map(|_| ()).unwrap());
            all
        };
        // Keys of a part without rows are of no known type.
        let all = states.into_iter().filter(|tables| tables[0].height() > 0).reduce(under_each_other);
        let all = all.map_or_else(|| aggregation.state(), |tables| aggregation.state_of(&tables).unwrap());
        assert_true(&finished(&aggregation, all, keys), &asked, &rows, keys);
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
        let mut states: Vec<_> = parts.iter().map(|part| state(&aggregation, part)).collect();
        states.push(united(&aggregation, states.clone()));
        let rows_of = |state: &State| -> i64 {
            aggregation.tables(state).unwrap()[0].column("__rows").unwrap().i64().unwrap().iter().flatten().sum()
        };
        let seen: Vec<i64> = states.iter().map(rows_of).collect();
        let mut rows: Vec<i64> = parts.iter().map(|part| i64::try_from(part.len()).unwrap()).collect();
        rows.push(rows.iter().sum());
        assert_eq!(seen, rows);
    }
}
