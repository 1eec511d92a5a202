//! What must hold of every metric of this crate.

use acme_metrics as _;

use custometer_core::Registry;
use custometer_testkit::check;

#[test]
fn every_metric_keeps_every_law() {
    for metric in Registry::linked().unwrap().iter() {
        let broken: Vec<String> = check(metric).iter().map(ToString::to_string).collect();
        assert!(broken.is_empty(), "{}", broken.join("\n\n"));
    }
}
