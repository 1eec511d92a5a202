//! The laws catch metrics that break them: one deliberately wrong metric for each, and a right one that passes.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod wrong;

use custometer_core::{Direction, Metric, Unit};
use custometer_testkit::{Case, Law, NULL, Violation, assert_results_snapshot, check_metric, table};

use wrong::{Kind, Wrong};

/// The laws that a metric breaks, and that each is told with what was expected.
fn broken<M: Metric>() -> Vec<Law> {
    let violations = check_metric::<M>();
    for violation in &violations {
        let text = violation.to_string();
        assert!(text.contains(M::ABOUT.id) && text.contains(violation.law.as_str()) && text.contains("expected: "), "{text}");
    }
    let mut laws: Vec<Law> = violations.iter().map(|violation| violation.law).collect();
    laws.sort();
    laws.dedup();
    laws
}

/// How a violation of a law is told.
fn told<M: Metric>(law: Law) -> Violation {
    check_metric::<M>().into_iter().find(|violation| violation.law == law).unwrap()
}

#[test]
fn a_right_metric_keeps_every_law() {
    let violations: Vec<String> = check_metric::<Wrong<{ Kind::NOTHING }>>().iter().map(ToString::to_string).collect();
    assert!(violations.is_empty(), "{}", violations.join("\n\n"));
}

macro_rules! caught {
    ($($test:ident: $kind:ident breaks $law:ident;)*) => {
        $(#[test]
        fn $test() {
            let broken = broken::<Wrong<{ Kind::$kind }>>();
            assert!(broken.contains(&Law::$law), "{broken:?}");
        })*
    };
}

caught! {
    an_example_that_does_not_hold: EXAMPLE breaks ExamplesHold;
    a_column_and_a_parameter_without_description: UNDOCUMENTED breaks IsDocumented;
    parameters_that_are_written_as_others: ROUND_TRIP breaks ParametersRoundTrip;
    parameters_that_nobody_knows: UNKNOWN_PARAMETERS breaks ParametersRoundTrip;
    a_panic_for_nothing: PANIC breaks AlwaysHasAResult;
    a_derivation_that_fails_for_nothing: FAILS_FOR_NOTHING breaks AlwaysHasAResult;
    no_number_for_zeros: NOT_A_NUMBER breaks NothingIsSilentlyZero;
    zero_for_nothing: SILENTLY_ZERO breaks NothingIsSilentlyZero;
    an_interval_beside_its_value: INTERVAL breaks IntervalsHoldTheirValue;
    a_value_of_the_first_row: ROW_ORDER breaks OrderOfRowsIsNothing;
    a_customer_who_is_measured_by_others: NOT_LOCAL breaks EntitiesAreApart;
    a_filter_over_all_rows: WHOLE_TABLE breaks PartsUnite;
    customers_of_groups_that_are_said_to_be_attributes: NOT_ADDITIVE breaks GroupsAddUp;
    groups_that_are_not_apart: NOT_BY_GROUP breaks GroupsAddUp;
    customers_of_buckets_that_are_said_to_be_of_none: NOT_BY_BUCKET breaks WindowsArePeriods;
}

#[test]
fn a_violation_shows_the_law_the_input_and_what_was_expected() {
    let violation = told::<Wrong<{ Kind::NOT_LOCAL }>>(Law::EntitiesAreApart);
    let text = violation.to_string();
    assert!(text.starts_with("`acme.active_customers` breaks a law: the rows of one entity never influence those of another\n"), "{text}");
    assert!(text.contains("of which these are two entities"), "{text}");
    assert!(text.contains("customer_id = "), "{text}");
    assert!(text.contains("as of each by itself"), "{text}");
}

#[test]
fn results_are_snapshots_at_a_fixed_precision() {
    let orders = table! {
        amount, region;
        10,     "north";
        20.5,   "south, far";
        NULL,   "north";
    };
    let config = "[tables.orders]\npath = \"orders.csv\"\n[define.\"acme.mean\"]\ntable = \"orders\"\nmeasures = { mean = \"avg(amount)\" }\n\
        value = \"mean / 3\"\nunit = \"currency\"\n[[metrics]]\nmetric = \"acme.mean\"\ntable = \"orders\"\nby = [[], [\"region\"]]\n";
    assert_results_snapshot!(Case::new().file("orders.csv", orders).run(config).unwrap());
}

#[test]
fn the_wrong_metrics_are_otherwise_like_the_right_one() {
    // So that what is caught is the one thing that is wrong.
    assert_eq!(<Wrong<{ Kind::NOT_LOCAL }> as Metric>::ABOUT.unit, Unit::Percent);
    assert_eq!(<Wrong<{ Kind::NOT_LOCAL }> as Metric>::ABOUT.direction, Direction::HigherIsBetter);
}
