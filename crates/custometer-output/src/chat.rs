//! Alerts in the shapes that chat services take: several in one message, as far as its limits go.
//!
//! Texts of the data and of the config are plain text there: they ping nobody, link nowhere and format nothing.

mod discord;
mod mattermost;
mod slack;
mod teams;

use custometer_runner::WebhookStyle;
use custometer_runner::result::{Alert, ResultRow, RunResult, Severity, Status};
use serde_json::Value;

use crate::human;
use crate::locale::Language;
use crate::tidy::defined;
use crate::view::{readable, value_name};

/// A message takes at most so many alerts: those of a service that takes the fewest.
const MOST: usize = 10;

/// The longest texts, in the units of UTF-16: a name, what an alert says, and a fact about it. No service takes less in a message of its own.
const LONGEST_NAME: usize = 80;
const LONGEST_MESSAGE: usize = 1000;
const LONGEST_FACT: usize = 100;

/// A space of no width: what it stands in is no name and no address any more.
const NOTHING: char = '\u{200b}';

/// A message to a webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The names of the alerts that it tells.
    pub alerts: Vec<String>,
    /// Its body, as JSON.
    pub body: Vec<u8>,
}

/// What a message says of a report.
struct Head<'a> {
    title: String,
    /// Where the report is to be read.
    link: Option<&'a str>,
    language: Language,
}

/// What a message says of an alert.
struct Said {
    /// Its severity and name.
    name: String,
    severity: Severity,
    message: String,
    /// Value, changes, target and so on, each with its name.
    facts: Vec<(String, String)>,
}

/// A shape of messages.
struct Shape {
    /// What is made of an alert.
    part: fn(&Said, &Head<'_>) -> Value,
    /// What is made of the parts.
    whole: fn(&[Value], &Head<'_>) -> Value,
    /// How many characters all parts of a message have at most.
    room: usize,
}

/// The messages of some alerts, by their positions, in the shape of a chat service. Alerts on what is hidden, and those of another run, are in none.
pub(crate) fn messages(result: &RunResult, alerts: &[usize], style: WebhookStyle, link: Option<&str>) -> serde_json::Result<Vec<Message>> {
    let language = Language::of(result.locale);
    let title = result.manifest.title.as_deref().unwrap_or("Report");
    let head = Head { title: short(title, LONGEST_NAME), link, language };
    let shape = match style {
        WebhookStyle::Slack => slack::SHAPE,
        WebhookStyle::Teams => teams::SHAPE,
        WebhookStyle::Discord => discord::SHAPE,
        // JSON of our own is made elsewhere.
        _ => mattermost::SHAPE,
    };
    let mut messages = Vec::new();
    let (mut names, mut parts, mut taken) = (Vec::new(), Vec::new(), 0);
    for alert in alerts.iter().filter_map(|position| result.alerts.get(*position)) {
        let Some(row) = result.results.get(alert.row).filter(|row| !row.suppressed) else { continue };
        let part = (shape.part)(&Said::of(alert, row, result, language), &head);
        let length = characters(&part);
        if !parts.is_empty() && (parts.len() == MOST || taken + length > shape.room) {
            messages.push(message(std::mem::take(&mut names), &std::mem::take(&mut parts), &shape, &head)?);
            taken = 0;
        }
        names.push(alert.name.clone());
        parts.push(part);
        taken += length;
    }
    if !parts.is_empty() {
        messages.push(message(names, &parts, &shape, &head)?);
    }
    Ok(messages)
}

fn message(alerts: Vec<String>, parts: &[Value], shape: &Shape, head: &Head<'_>) -> serde_json::Result<Message> {
    Ok(Message { alerts, body: serde_json::to_vec(&(shape.whole)(parts, head))? })
}

impl Said {
    fn of(alert: &Alert, row: &ResultRow, result: &RunResult, language: Language) -> Self {
        let words = language.words;
        let severity = match alert.severity {
            Severity::Info => words.info,
            Severity::Warning => words.warning,
            Severity::Critical => words.critical,
        };
        let bucket = language.buckets(std::slice::from_ref(row), result.manifest.fiscal_year_start).remove(0);
        let mut facts = vec![(words.metrics.to_owned(), readable(&row.request))];
        facts.extend((!bucket.long.is_empty()).then(|| (words.period.to_owned(), bucket.long)));
        let group: Vec<String> =
            row.dimensions.iter().map(|(name, value)| format!("{}: {}", human::line(name), value_name(value, language))).collect();
        facts.extend((!group.is_empty()).then(|| (words.group.to_owned(), group.join(", "))));
        let value = defined(row.value).map_or_else(|| words.no_value.to_owned(), |value| language.value(value, row));
        facts.push((words.value.to_owned(), value));
        for comparison in &row.comparisons {
            let change = defined(comparison.change).map(|change| language.change(change, row));
            let relative =
                defined(comparison.relative_change).map(|percent| format!(" ({})", language.relative(percent))).unwrap_or_default();
            facts.extend(change.map(|change| (readable(&language.versus(comparison.baseline)), change + &relative)));
        }
        if let Some(judgement) = &row.target {
            let status = match judgement.status {
                Status::Met => words.met,
                Status::AtRisk => words.at_risk,
                Status::Missed => words.missed,
                Status::Unknown => words.unknown,
            };
            let target = &judgement.target;
            let target = target.holds.as_deref().map_or_else(|| language.interval(target.at_least, target.at_most, row), human::line);
            facts.push((words.target.to_owned(), format!("{target} ({status})")));
        }
        if let Some(against) = &row.benchmark {
            facts.push((words.benchmark.to_owned(), language.value(against.benchmark.value, row)));
        }
        // Services take ten of them at most.
        facts.truncate(MOST);
        Self {
            name: format!("{severity}: {}", short(&alert.name, LONGEST_NAME)),
            severity: alert.severity,
            // Services take no empty text.
            message: short(if alert.message.is_empty() { &alert.name } else { &alert.message }, LONGEST_MESSAGE),
            facts: facts.into_iter().map(|(name, fact)| (short(&name, LONGEST_NAME / 2), short(&fact, LONGEST_FACT))).collect(),
        }
    }
}

impl Head<'_> {
    /// How many alerts a message tells, after the report's title.
    fn counted(&self, alerts: usize) -> String {
        format!("{} – {}: {}", self.title, self.language.words.alerts, self.language.whole(alerts as u64))
    }

    /// What leads to the report.
    fn words_of_link(&self) -> &'static str {
        self.language.words.open_report
    }
}

/// A text on one line, cut with a sign where it is long.
fn short(text: &str, longest: usize) -> String {
    let line = human::line(text);
    if human::within(&line, longest).len() == line.len() { line } else { human::within(&line, longest - 1).to_owned() + "…" }
}

/// How many characters the texts of a part have, and its keys too, which count at services that count bytes.
fn characters(part: &Value) -> usize {
    part.to_string().encode_utf16().count()
}

/// A text in which Markdown means nothing but itself, and which names nobody and leads nowhere.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        if "\\`*_{}[]<>#!|~".contains(character) {
            escaped.push('\\');
        }
        escaped.push(character);
        if character == '@' {
            escaped.push(NOTHING);
        }
    }
    escaped.replace("://", &format!(":{NOTHING}//"))
}

/// A colour for how grave an alert is, as red, green and blue.
fn color(severity: Severity) -> u32 {
    match severity {
        Severity::Info => 0x001F_6FEB,
        Severity::Warning => 0x00BF_8700,
        Severity::Critical => 0x00CF_222E,
    }
}
