//! What must hold of every metric of this crate.

use acme_metrics as _;

use custometer_core::Registry;
use custometer_testkit::check;

#[test]
fn every_metric_keeps_every_law() {
    let registry = Registry::linked().unwrap();
    let broken: Vec<String> = registry.iter().flat_map(check).map(|law| law.to_string()).collect();
    assert!(broken.is_empty(), "{}", broken.join("\n\n"));
}
