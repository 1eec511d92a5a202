//! The laws that every metric keeps, whoever wrote it, and what shows that one does not.

mod documentation;
mod faults;
mod law;
mod results;
mod rows;
mod stages;
mod variant;

use std::process::ExitCode;

use custometer_core::registry::Descriptor;
use custometer_core::{Metric, Registry};
use libtest_mimic::{Arguments, Trial};

use self::variant::{Variant, quietly};
use crate::examples::check_examples;

pub use self::law::{Law, Violation};

/// The laws that a metric breaks, which need not be linked.
///
/// # Panics
///
/// When the system has no thread left.
pub fn check_metric<M: Metric>() -> Vec<Violation> {
    check(Box::leak(Box::new(Descriptor::new::<M>("the one under test", ""))))
}

/// The laws that a metric breaks. What they are tried on comes from its examples and its source.
///
/// # Panics
///
/// When the system has no thread left.
pub fn check(metric: &'static Descriptor) -> Vec<Violation> {
    PARTS.iter().flat_map(|(_, check)| apart(*check, metric)).collect()
}

/// The tests of every linked metric, for a test program without a harness of its own: each is called after its metric and what it looks at, so that
/// `cargo test loyalty.nps` runs those of one metric. Arguments are those of `cargo test`.
///
/// ```no_run
/// // tests/every_metric.rs, with `harness = false` in its section of Cargo.toml.
/// use custometer_testkit::test_linked_metrics;
/// // And `use your_crate as _;`: the linker drops a crate that nothing refers to.
///
/// fn main() -> std::process::ExitCode {
///     test_linked_metrics()
/// }
/// ```
///
/// # Panics
///
/// When two linked metrics have one id, and when the system has no thread left.
pub fn test_linked_metrics() -> ExitCode {
    let registry = Registry::linked().expect("metrics with ids of their own");
    let tests = registry.iter().flat_map(|metric| {
        PARTS.iter().map(move |(part, check)| {
            Trial::test(format!("{}::{part}", metric.about.id), move || {
                let broken: Vec<String> = apart(*check, metric).iter().map(ToString::to_string).collect();
                if broken.is_empty() { Ok(()) } else { Err(broken.join("\n\n").into()) }
            })
        })
    });
    libtest_mimic::run(&Arguments::from_args(), tests.collect()).exit_code()
}

type Check = fn(&'static Descriptor) -> Vec<Violation>;

/// What is looked at, and how.
const PARTS: [(&str, Check); 5] = [
    ("documentation", documentation::check),
    ("examples", examples),
    ("laws", |metric| Variant::all(metric).iter().flat_map(Variant::check).collect()),
    ("stages", |metric| Variant::all(metric).iter().flat_map(Variant::stages).take(1).collect()),
    ("faults", |metric| Variant::all(metric).iter().flat_map(Variant::faults).take(1).collect()),
];

/// Checks on a thread with room for deep plans.
fn apart(check: Check, metric: &'static Descriptor) -> Vec<Violation> {
    let all = || std::thread::Builder::new().stack_size(STACK).spawn(move || check(metric)).expect("a thread").join();
    all().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

fn examples(metric: &'static Descriptor) -> Vec<Violation> {
    let failures = quietly(|| check_examples(metric)).unwrap_or_else(|| vec!["a panic".to_owned()]).into_iter();
    let violation = |found| Violation {
        law: Law::ExamplesHold,
        metric: metric.about.id.to_owned(),
        params: String::new(),
        input: None,
        expected: "the documented values".to_owned(),
        found,
    };
    failures.map(violation).collect()
}

/// Plans of many conditions go deeper, in a debug build, than the stack of a test's thread.
const STACK: usize = 32 << 20;

impl Variant {
    fn check(&self) -> Vec<Violation> {
        let mut violations = self.parameters();
        violations.extend(self.values());
        violations.extend(self.rows());
        violations.extend(self.results());
        // One input shows a law as well as several.
        let mut seen = Vec::new();
        violations.retain(|violation| {
            let is_new = !seen.contains(&violation.law);
            seen.push(violation.law);
            is_new
        });
        violations
    }
}
