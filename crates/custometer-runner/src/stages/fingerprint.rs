//! What tells the machines of one job from others.

use custometer_core::Registry;

use crate::report::Report;

/// A hash of the program's version, of the linked metrics, of the report, and of `what` else there is.
pub(super) fn fingerprint(report: &Report, what: &[u8]) -> String {
    let mut hasher = blake3::Hasher::new();
    let mut add = |part: &[u8]| {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part);
    };
    add(env!("CARGO_PKG_VERSION").as_bytes());
    // Two metrics of one id are found when the report is read.
    for metric in Registry::linked().iter().flat_map(Registry::iter) {
        add(metric.about.id.as_bytes());
        add(metric.krate.as_bytes());
        add(metric.version.as_bytes());
    }
    for request in &report.requests {
        add(request.metric.about.id.as_bytes());
        add(request.metric.krate.as_bytes());
    }
    add(report.config_hash.as_bytes());
    add(format!("{:?} {:?} {:?}", report.period, report.as_of, report.over_until).as_bytes());
    add(what);
    hasher.finalize().to_hex()[..32].to_owned()
}
