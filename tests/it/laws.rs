//! Every linked metric keeps every law.

use custometer_core::Registry;
use custometer_testkit::check;

fn keeps(domain: &str) {
    let registry = Registry::linked().unwrap();
    let metrics: Vec<_> = registry.iter().filter(|metric| metric.about.id.starts_with(domain)).collect();
    assert!(!metrics.is_empty(), "no metric of `{domain}`");
    let broken: Vec<String> = metrics.into_iter().flat_map(check).map(|violation| violation.to_string()).collect();
    assert!(broken.is_empty(), "{}", broken.join("\n\n"));
}

#[test]
fn loyalty_metrics_keep_every_law() {
    keeps("loyalty.");
}

#[test]
fn support_metrics_keep_every_law() {
    keeps("support.");
}

#[test]
fn web_metrics_keep_every_law() {
    keeps("web.");
}
