//! Alerts that may fire, and what their messages may speak of.

use std::collections::BTreeMap;
use std::io;
use std::ops::Range;

use minijinja::{Environment, UndefinedBehavior, Value};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::report::condition::Condition;
use crate::result::Severity;

/// An alert that may fire.
#[derive(Debug, Clone)]
pub(crate) struct AlertRule {
    pub(crate) name: String,
    /// The requests and derived results that it looks at, by name.
    pub(crate) requests: Vec<String>,
    pub(crate) condition: Condition,
    /// All dimensions that they have.
    pub(crate) dimensions: Vec<String>,
    /// Whether any of them has what derived results lack: interval, n and p-value.
    pub(crate) has_evidence: bool,
    pub(crate) on: AlertRows,
    pub(crate) periods: AlertPeriods,
    pub(crate) severity: Severity,
    /// The template of what it says.
    pub(crate) message: Option<String>,
    pub(crate) webhook: Option<String>,
    pub(crate) mail: Option<String>,
    /// After how many days it is told again while it is on; never where it is none.
    pub(crate) remind_after_days: Option<i64>,
}

/// The rows of a bucket that an alert looks at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AlertRows {
    /// The total.
    #[default]
    Total,
    /// The groups of all breakdowns.
    Groups,
    /// Both.
    All,
}

/// The buckets that an alert looks at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AlertPeriods {
    /// The last complete one; where none is complete, the last one.
    #[default]
    Latest,
    /// Every one.
    All,
}

/// The functions that templates may call.
pub(crate) const GLOBALS: [&str; 1] = ["range"];

/// How many steps a message may take. One over ten values takes some hundred.
const STEPS: u64 = 10_000;

/// How long a template may be, what it replaces and joins, and what comes of it, in bytes.
const LONGEST: usize = 10_000;

/// What would let a text grow without end, or is of no use in a message.
const WITHOUT_FILTERS: [&str; 9] = ["batch", "slice", "indent", "format", "pprint", "tojson", "zip", "chain", "groupby"];

/// The tags of a template that can't keep a text for later, and so can't let one grow.
const TAGS: [&str; 8] = ["if", "elif", "else", "endif", "for", "endfor", "raw", "endraw"];

pub(crate) fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_fuel(Some(STEPS));
    for filter in WITHOUT_FILTERS {
        environment.remove_filter(filter);
    }
    for function in ["dict", "namespace", "debug"] {
        environment.remove_global(function);
    }
    environment.add_filter("join", join);
    environment.add_filter("replace", replace);
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_debug(true);
    // A message is text; what shows it escapes it.
    environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
    environment
}

/// A message, of [`LONGEST`] bytes at most.
pub(crate) fn rendered(environment: &Environment<'_>, template: &str, told: Value) -> Result<String, minijinja::Error> {
    let mut text = Capped(Vec::new());
    environment.template_from_str(template)?.render_captured_to(told, &mut text)?;
    Ok(String::from_utf8_lossy(&text.0).into_owned())
}

/// What keeps a text from being the template of a message beside its syntax: the place, what is wrong, and what to do.
pub(crate) fn obstacle(template: &str) -> Option<(Range<usize>, String, &'static str)> {
    if template.len() > LONGEST {
        return Some((0..template.len(), format!("a message has more than {LONGEST} bytes"), "say less"));
    }
    let mut loops = 0;
    let mut from = 0;
    while let Some(start) = template[from..].find("{%").map(|at| from + at + 2) {
        let end = template[start..].find("%}").map_or(template.len(), |at| start + at);
        let tag = template[start..end].trim_matches(['-', '+', ' ', '\n', '\t', '\r']);
        let word = tag.split_whitespace().next().unwrap_or_default();
        match word {
            "for" => loops += 1,
            "endfor" => loops -= 1,
            _ => {}
        }
        let help = "a message may use `if`, and `for` without another one in it";
        if !TAGS.contains(&word) {
            return Some((start..end, format!("a message has no `{word}`"), help));
        }
        if loops > 1 || (word == "for" && tag.split_whitespace().any(|word| word == "recursive")) {
            return Some((start..end, "a message has no loop within a loop".to_owned(), help));
        }
        from = end;
    }
    None
}

/// Bytes up to a limit.
struct Capped(Vec<u8>);

impl io::Write for Capped {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > LONGEST {
            return Err(io::Error::other("the message is too long"));
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The values of a list as one text.
fn join(list: &Value, between: Option<&str>) -> Result<String, minijinja::Error> {
    let parts: Vec<String> = list.try_iter()?.map(|part| part.to_string()).collect();
    let between = between.unwrap_or_default();
    short(parts.iter().map(String::len).sum::<usize>() + between.len() * parts.len())?;
    Ok(parts.join(between))
}

/// A text with each of its parts that is `from` replaced.
fn replace(text: &Value, from: &str, to: &str) -> Result<String, minijinja::Error> {
    let text = text.to_string();
    short(text.len() + text.matches(from).count() * to.len())?;
    Ok(text.replace(from, to))
}

fn short(length: usize) -> Result<(), minijinja::Error> {
    let message = || minijinja::Error::new(minijinja::ErrorKind::InvalidOperation, "the text is too long for a message");
    if length > LONGEST { Err(message()) } else { Ok(()) }
}

/// What a message is told that derived results lack.
pub(crate) const EVIDENCE: [&str; 4] = ["low", "high", "n", "p_value"];

/// What a message is told, with a value for everything.
pub(crate) fn sample(rule: Option<&AlertRule>) -> BTreeMap<&'static str, Value> {
    let dimensions = rule.map_or(&[][..], |rule| &rule.dimensions);
    let has_evidence = rule.is_none_or(|rule| rule.has_evidence);
    let number = || Value::from(1.0);
    let text = || Value::from("text");
    let texts = [
        "alert",
        "severity",
        "condition",
        "request",
        "metric",
        "from",
        "to",
        "period",
        "group",
        "shown",
        "unit",
        "baseline",
        "target",
        "status",
        "unusual",
    ];
    let numbers = ["value", "low", "high", "n", "change", "relative_change", "p_value", "progress", "benchmark"];
    let numbers = numbers.into_iter().filter(|name| has_evidence || !EVIDENCE.contains(name));
    let told = texts.into_iter().map(|name| (name, text())).chain(numbers.map(|name| (name, number())));
    told.chain([("dimensions", Value::from_pairs(dimensions.iter().map(|name| (name.clone(), text()))))]).collect()
}
