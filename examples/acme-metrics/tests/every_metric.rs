//! What must hold of every metric of this crate.

use acme_metrics as _;

use custometer_core::Registry;
use custometer_testkit::check_examples;

#[test]
fn every_example_holds() {
    for metric in Registry::linked().unwrap().iter() {
        assert_eq!(check_examples(metric), Vec::<String>::new());
    }
}
