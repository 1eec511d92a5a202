//! The laws that every metric keeps, whoever wrote it, and what shows that one does not.

mod documentation;
mod faults;
mod results;
mod rows;

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

use custometer_core::registry::Descriptor;
use custometer_core::{Definition, Metric, Registry};
use libtest_mimic::{Arguments, Trial};
use serde_json::{Map, Value as Json};

use crate::check_examples;
use crate::input::{self, Input};

/// What every metric promises.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Law {
    /// Its examples have the values that they are documented with.
    ExamplesHold,
    /// It says what it is, of what, by which formula, and what happens in unusual cases.
    IsDocumented,
    /// Its parameters mean the same when they are written out and read again, and unknown ones are refused.
    ParametersRoundTrip,
    /// Every input has a result: none, one row, nothing but missing values, zeros, rows that come twice.
    AlwaysHasAResult,
    /// What can't be known is undefined: never zero, infinite or no number.
    NothingIsSilentlyZero,
    /// A value lies in its own interval.
    IntervalsHoldTheirValue,
    /// The order of rows changes nothing.
    OrderOfRowsIsNothing,
    /// Neither does how rows are split into files.
    SplitOfFilesIsNothing,
    /// What is derived of an entity does not change with the rows of others.
    EntitiesAreApart,
    /// What is measured of parts unites to what is measured of the whole.
    PartsUnite,
    /// What is said to add up over groups does, and breaking down changes no total.
    GroupsAddUp,
    /// A damaged row is rejected and told with its place and text, and changes no value.
    NothingWrongGetsIn,
}

impl Law {
    /// The law in words.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ExamplesHold => "the documented examples hold",
            Self::IsDocumented => "it is documented",
            Self::ParametersRoundTrip => "parameters mean the same when written and read again, and unknown ones are refused",
            Self::AlwaysHasAResult => "every input has a result",
            Self::NothingIsSilentlyZero => "what can't be known is undefined, and nothing is infinite",
            Self::IntervalsHoldTheirValue => "an interval holds its value",
            Self::OrderOfRowsIsNothing => "the order of rows changes nothing",
            Self::SplitOfFilesIsNothing => "how rows are split into files changes nothing",
            Self::EntitiesAreApart => "the rows of one entity never influence those of another",
            Self::PartsUnite => "measures of parts unite to those of the whole",
            Self::GroupsAddUp => "groups add up to their total where they are said to, and breaking down changes no total",
            Self::NothingWrongGetsIn => "a damaged row is rejected and told, and changes no value",
        }
    }
}

/// A law that a metric breaks, with the input that shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The law.
    pub law: Law,
    /// The metric's id.
    pub metric: String,
    /// The parameters, as TOML.
    pub params: String,
    /// The input that shows it, where it takes one.
    pub input: Option<String>,
    /// What should have been.
    pub expected: String,
    /// What was instead.
    pub found: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` breaks a law: {}", self.metric, self.law.as_str())?;
        if !self.params.is_empty() {
            write!(f, "\n  with {}", self.params.replace('\n', ", "))?;
        }
        if let Some(input) = &self.input {
            write!(f, "\n  over\n{}", indented(input))?;
        }
        write!(f, "\n  expected: {}\n  found: {}", self.expected, self.found)
    }
}

fn indented(text: &str) -> String {
    const LINES: usize = 45;
    let lines: Vec<String> = text.trim_end().lines().take(LINES).map(|line| format!("    {line}")).collect();
    let more = text.trim_end().lines().count().saturating_sub(LINES);
    lines.join("\n") + &if more > 0 { format!("\n    and {more} more") } else { String::new() }
}

/// The laws that a metric breaks, which need not be linked.
///
/// # Panics
///
/// When the system has no thread left.
pub fn check_metric<M: Metric>() -> Vec<Violation> {
    check(Box::leak(Box::new(Descriptor::new::<M>("the one under test"))))
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
const PARTS: [(&str, Check); 4] = [
    ("documentation", documentation::check),
    ("examples", examples),
    ("laws", |metric| Variant::all(metric).iter().flat_map(Variant::check).collect()),
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
/// At most so many sets of parameters are tried, the first ones of the examples.
const VARIANTS: usize = 3;

/// A metric with one set of parameters.
struct Variant {
    metric: &'static Descriptor,
    params: String,
    given: Map<String, Json>,
    definition: Definition,
    /// Made up.
    inputs: Vec<Input>,
    examples: Vec<Input>,
}

impl Variant {
    /// The metric with every set of parameters that an example has, and with none where it needs none.
    fn all(metric: &'static Descriptor) -> Vec<Self> {
        let examples: Vec<Input> = metric.about.examples.iter().map(Input::of_example).collect();
        let mut all: Vec<Self> = Vec::new();
        for params in examples.iter().map(|example| example.params.as_str()).chain([""]) {
            let Some(given) = input::params(params).filter(|given| all.len() < VARIANTS && !all.iter().any(|known| known.given == *given))
            else {
                continue;
            };
            let Some(definition) = quietly(|| metric.define(given.clone()).ok()).flatten() else { continue };
            let alike: Vec<Input> =
                examples.iter().filter(|example| input::params(&example.params).as_ref() == Some(&given)).cloned().collect();
            let shown = if alike.is_empty() { &examples } else { &alike };
            let mut inputs = vec![input::made_up(&definition, params, shown, false)];
            // One set of parameters shows what clocks do.
            if definition.source.time.is_some() && all.is_empty() {
                inputs.push(input::made_up(&definition, params, shown, true));
            }
            let examples = alike.into_iter().filter(|example| example.rows.len() > 1).collect();
            all.push(Self { metric, params: params.to_owned(), given, definition, inputs, examples });
        }
        all
    }

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

    fn violation(&self, law: Law, input: Option<&Input>, expected: impl Into<String>, found: impl Into<String>) -> Violation {
        Violation {
            law,
            metric: self.metric.about.id.to_owned(),
            params: self.params.clone(),
            input: input.map(|input| format!("{}\n{}\n{}", input.title, input.report, input.csv())),
            expected: expected.into(),
            found: found.into(),
        }
    }
}

/// What a function of a metric's gives; none where it panics.
fn quietly<T>(call: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(call)).ok()
}
