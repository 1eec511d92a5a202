//! Real files with published figures, a file of tests for each set. They are not part of the repository but beside it: where a set is missing,
//! its tests are ignored (`build.rs`).

mod cdnow;
mod lookups;
mod proposals;
mod recharge;
mod sfo_survey;
mod shopify;
mod stripe;
mod telco_churn;
mod web_log;
mod zendesk;

use std::path::PathBuf;

/// A folder or a file of real data.
fn shared(name: &str) -> PathBuf {
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data")).join(name);
    path.canonicalize().unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The table that `inspect` takes a file for first.
fn taken_for(path: &std::path::Path) -> Option<String> {
    crate::reading::inspect::taken_for(path.to_str().unwrap()).map(|(table, _)| table)
}
