//! End-to-end tests: config and data in, results and messages out.
//!
//! A folder is a feature or the real data; a domain's tests are in its crate; CONTRIBUTING.md says where a test goes. What holds of every metric is in
//! `../metrics.rs`, a test for each.

#![expect(clippy::unwrap_used, clippy::float_cmp, reason = "a test fails by panicking, and compares exact figures exactly")]

// The linker drops a crate that nothing refers to, and its metrics with it.
use custometer as _;

/// From files to rows: formats, damage, the ledger, `inspect`.
mod reading {
    mod cells;
    mod damage;
    mod exports;
    mod expressions;
    mod given;
    pub(crate) mod inspect;
    mod ledger;
    mod objects;
    mod rows;
    mod shape;
    mod sources;
    mod spans;
}

/// What a report may say, and what its results are: time, comparison, privacy, mistakes.
mod report {
    mod calendars;
    mod compare;
    mod contributions;
    mod faulty;
    mod golden;
    mod groups;
    mod include;
    mod known_until;
    mod memory;
    mod periods;
    mod privacy;
    mod segments;
    mod time;
    mod windows;
    mod words;
}

mod packs;

/// Metrics without Rust, and metrics of other crates.
mod own_metrics {
    pub(crate) mod define;
    mod derived;
    mod shapes;
}

/// Targets and alerts.
mod goals {
    mod alerts;
    mod targets;
}

/// What holds tables: workbooks, archives, JSON documents.
mod containers {
    mod archives;
    mod asked;
    mod documents;
    mod workbooks;
    pub(crate) mod writer;
}

/// Tables that are made of others.
mod tables {
    mod lookups;
    mod scans;
    mod unions;
}

/// Runs in stages, as on a cluster.
mod stages {
    mod configs;
    mod extremes;
    mod spoiled;
}

/// Currencies, minor units and exchange rates.
mod money {
    mod conversion;
    mod exchange;
    mod minor_units;
    mod shown;
}

mod attack;
mod field;
mod keeping;
mod real_data;
