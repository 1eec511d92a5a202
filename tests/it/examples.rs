//! Every documented example of every linked metric holds, from config to JSON.

use custometer_core::Registry;
use custometer_testkit::check_examples;

#[test]
fn every_example_holds() {
    let registry = Registry::linked().unwrap();
    let failures: Vec<String> = registry.iter().flat_map(check_examples).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn every_built_in_metric_has_examples_and_says_what_happens_for_nothing() {
    for metric in Registry::linked().unwrap().iter().filter(|metric| !metric.about.id.starts_with("test.")) {
        assert!(!metric.about.examples.is_empty(), "{} has no example", metric.about.id);
        assert!(metric.about.edge_cases.iter().any(|case| case.starts_with("No ")), "{} does not say what no rows give", metric.about.id);
    }
}
