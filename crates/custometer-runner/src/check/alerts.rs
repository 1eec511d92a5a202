//! Alerts: what a report says of itself when a result is such or such.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use custometer_core::suggest::nearest;
use custometer_core::{DimensionValue, Grain, Unit};
use jiff::civil::Date;
use jiff::fmt::friendly::{Designator, Spacing, SpanPrinter};
use jiff::{SignedDuration, ToSpan as _};
use minijinja::{Environment, UndefinedBehavior, Value};
use toml::Spanned;

use crate::check::conditions::Condition;
use crate::check::goals::{Headlines, Judged};
use crate::config::diagnostics::Collector;
use crate::config::{AlertConfig, AlertPeriods, AlertRows, Config, Listed};
use crate::report::Report;
use crate::result::{Alert, ResultRow, Severity, Target};

/// An alert that may fire.
#[derive(Debug, Clone)]
pub(crate) struct AlertRule {
    pub(crate) name: String,
    /// The requests and derived results that it looks at, by name.
    pub(crate) requests: Vec<String>,
    pub(crate) condition: Condition,
    /// All dimensions that they have.
    dimensions: Vec<String>,
    /// Whether any of them has what derived results lack: interval, n and p-value.
    has_evidence: bool,
    on: AlertRows,
    periods: AlertPeriods,
    pub(crate) severity: Severity,
    /// The template of what it says.
    message: Option<String>,
    pub(crate) webhook: Option<String>,
}

/// Reads the alerts of a config, over the requests and derived results that are in order.
pub(crate) fn read(config: &Config, judged: &[Judged<'_>], problems: &mut Collector) -> Vec<AlertRule> {
    let mut names = BTreeSet::new();
    let mut rules = Vec::new();
    for alert in &config.alerts {
        if !names.insert(alert.name.get_ref()) {
            problems
                .report(alert.name.span(), format!("two alerts are called `{}`", alert.name.get_ref()))
                .help("give one of them another `name`");
        }
        if let Some(webhook) = alert.webhook.as_ref().filter(|webhook| !config.webhooks.contains_key(webhook.get_ref())) {
            let name = webhook.get_ref();
            let near = nearest(name, config.webhooks.keys().map(String::as_str)).map(|near| format!("did you mean `{near}`?"));
            let help = near.unwrap_or_else(|| format!("describe it: `[webhooks.{name}]` with its `url`"));
            problems.report(webhook.span(), format!("there is no webhook `{name}`")).help(help);
        }
        let rule = rule(alert, config, judged, problems);
        if let Some(message) = &alert.message {
            // What a request has that is not in order is not known.
            let are_all_known = judged.len() == config.metrics.len() + config.derived.len();
            check_template(message, rule.as_ref().filter(|_| are_all_known), problems);
        }
        rules.extend(rule);
    }
    rules
}

fn rule(alert: &AlertConfig, config: &Config, judged: &[Judged<'_>], problems: &mut Collector) -> Option<AlertRule> {
    let condition = Condition::read(&alert.when, problems)?;
    let seen: Vec<&Judged<'_>> = match &alert.metrics {
        Some(names) => named(alert, names, &condition, config, judged, problems),
        None => judged.iter().filter(|judged| condition.obstacle(&alert.when, judged).is_none()).collect(),
    };
    if let (true, None, Some(first)) = (seen.is_empty(), &alert.metrics, judged.first())
        && let Some((place, obstacle)) = condition.obstacle(&alert.when, first)
    {
        problems.report(place, format!("no request can be asked this: {}", obstacle.message)).help(obstacle.help);
    }
    let dimensions: BTreeSet<String> = seen.iter().flat_map(|judged| judged.by.iter().flatten().chain(&judged.own)).cloned().collect();
    Some(AlertRule {
        dimensions: dimensions.into_iter().collect(),
        has_evidence: seen.iter().any(|judged| !judged.is_derived),
        name: alert.name.get_ref().clone(),
        requests: seen.iter().map(|judged| judged.name.to_owned()).collect(),
        condition,
        on: alert.on,
        periods: alert.periods,
        severity: alert.severity,
        message: alert.message.as_ref().map(|message| message.get_ref().clone()),
        webhook: alert.webhook.as_ref().map(|webhook| webhook.get_ref().clone()),
    })
}

/// What an alert names; what is wrong with it is reported.
fn named<'a>(
    alert: &AlertConfig,
    names: &[Spanned<String>],
    condition: &Condition,
    config: &Config,
    judged: &'a [Judged<'a>],
    problems: &mut Collector,
) -> Vec<&'a Judged<'a>> {
    let requests = config.metrics.iter().map(|request| request.name.as_ref().unwrap_or(&request.metric));
    let known = requests.chain(config.derived.iter().map(|(name, _)| name)).map(|name| name.get_ref().as_str());
    let known: Vec<&str> = known.collect();
    let mut seen = Vec::new();
    for name in names {
        if !known.contains(&name.get_ref().as_str()) {
            let near = nearest(name.get_ref(), known.iter().copied()).map(|near| format!("did you mean `{near}`?"));
            let help = near.unwrap_or_else(|| format!("the requests are {}", Listed(&known)));
            problems.report(name.span(), format!("there is no request `{}`", name.get_ref())).help(help);
        }
        // One that is not in order was reported where it stands.
        if let Some(judged) = judged.iter().find(|judged| judged.name == name.get_ref()) {
            if let Some((place, obstacle)) = condition.obstacle(&alert.when, judged) {
                problems.report(place, obstacle.message).help(obstacle.help);
            }
            seen.push(judged);
        }
    }
    if names.is_empty() {
        let message = format!("`{}` looks at no request", alert.name.get_ref());
        problems.report(alert.name.span(), message).help("leave `metrics` out for all");
    }
    seen
}

/// Reports what is wrong with a message: its syntax, a name that there is not, a filter that does not fit. The `rule` is there
/// where all that it looks at is in order.
fn check_template(message: &Spanned<String>, rule: Option<&AlertRule>, problems: &mut Collector) {
    let environment = environment();
    let sample = sample(rule);
    let text = message.get_ref();
    let template = match environment.template_from_str(text) {
        Ok(template) => template,
        Err(error) => return template_problem(message, &error, problems),
    };
    let unknown: BTreeSet<String> = template
        .undeclared_variables(false)
        .into_iter()
        .filter(|name| !sample.contains_key(name.as_str()) && !GLOBALS.contains(&name.as_str()))
        .collect();
    for name in &unknown {
        let known: Vec<&str> = sample.keys().copied().collect();
        let near = nearest(name, known.iter().copied()).map(|near| format!("did you mean `{near}`?"));
        let start = text.find(name.as_str()).unwrap_or_default();
        let place = place_in(message, start..start + name.len(), problems);
        if EVIDENCE.contains(&name.as_str()) {
            problems.report(place, format!("derived results have no `{name}`")).help("take it out, or let the alert look at a request");
        } else {
            let help = near.unwrap_or_else(|| format!("it knows {}", Listed(&known)));
            problems.report(place, format!("a message knows no `{name}`")).help(help);
        }
    }
    if let (true, true, Err(error)) = (unknown.is_empty(), rule.is_some(), template.render(Value::from_pairs(sample))) {
        template_problem(message, &error, problems);
    }
}

fn template_problem(message: &Spanned<String>, error: &minijinja::Error, problems: &mut Collector) {
    let place = error.range().map_or(message.span(), |range| place_in(message, range, problems));
    let reason = error.detail().map_or_else(|| error.kind().to_string(), str::to_owned);
    problems
        .report(place, format!("the message can't be made: {reason}"))
        .help("messages are Jinja templates, such as `{{ request }} is at {{ shown }}`");
}

/// Where a part of a text stands in the config; the whole of it where it is written with escapes.
fn place_in(message: &Spanned<String>, part: Range<usize>, problems: &Collector) -> Range<usize> {
    let span = message.span();
    let written = problems.text().whole.get(span.clone()).and_then(|written| written.find(message.get_ref().as_str()));
    written.map_or(span.clone(), |start| span.start + start + part.start..span.start + start + part.end)
}

/// What templates may call beside what they are told.
const GLOBALS: [&str; 4] = ["range", "dict", "namespace", "debug"];

fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_debug(true);
    // A message is text; what shows it escapes it.
    environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
    environment
}

/// The alerts that fire, in the order of the config and of the results.
pub(crate) fn fire(rows: &[ResultRow], report: &Report) -> Vec<Alert> {
    let headlines = Headlines::of(rows);
    let environment = environment();
    let mut alerts = Vec::new();
    for rule in &report.alerts {
        for (position, row) in rows.iter().enumerate() {
            let is_looked_at = rule.requests.contains(&row.request)
                && (rule.periods == AlertPeriods::All || headlines.is_latest(row))
                && match rule.on {
                    AlertRows::Total => headlines.is_total(row),
                    AlertRows::Groups => row.breakdown > 0,
                    AlertRows::All => true,
                };
            if is_looked_at && rule.condition.holds(row) == Some(true) {
                alerts.push(Alert {
                    name: rule.name.clone(),
                    severity: rule.severity,
                    message: rule.say(row, &environment),
                    row: position,
                    webhook: rule.webhook.clone(),
                });
            }
        }
    }
    alerts
}

impl AlertRule {
    /// What it says of a row.
    fn say(&self, row: &ResultRow, environment: &Environment<'_>) -> String {
        let words = format!("{}{}: {} ({})", row.request, place(row), in_unit(row.value, row.unit), self.condition);
        match &self.message {
            None => words,
            // What can't be said of this row, such as a rounded value where there is none, must not hide that the alert fired.
            Some(message) => environment
                .render_str(message, Value::from_pairs(self.told(row)))
                .unwrap_or_else(|error| format!("{words}; its own message can't be made: {error}")),
        }
    }

    /// What a message is told of a row.
    fn told(&self, row: &ResultRow) -> BTreeMap<&'static str, Value> {
        let text = |text: String| Value::from(text);
        let date = |at: Option<Date>| Value::from(at.map(|date| date.to_string()));
        let comparison = self.condition.comparison(row);
        let judgement = row.target.as_ref();
        let against = row.benchmark.as_ref();
        BTreeMap::from([
            ("alert", text(self.name.clone())),
            ("severity", text(self.severity.as_str().to_owned())),
            ("condition", text(self.condition.to_string())),
            ("request", text(row.request.clone())),
            ("metric", text(row.metric.to_owned())),
            ("from", date(row.start.as_ref().map(jiff::Zoned::date))),
            ("to", date(last_day(row))),
            ("group", text(group(row))),
            ("dimensions", Value::from_pairs(self.dimensions.iter().map(|name| (name.clone(), dimension(row, name))))),
            ("shown", text(in_unit(row.value, row.unit))),
            ("value", Value::from(row.value)),
            ("unit", text(row.unit.as_str().to_owned())),
            ("low", Value::from(row.low)),
            ("high", Value::from(row.high)),
            ("n", Value::from(row.n)),
            ("baseline", Value::from(comparison.map(|comparison| comparison.baseline.as_str()))),
            ("change", Value::from(comparison.and_then(|comparison| comparison.change))),
            ("relative_change", Value::from(comparison.and_then(|comparison| comparison.relative_change))),
            ("p_value", Value::from(comparison.and_then(|comparison| comparison.p_value))),
            ("target", Value::from(judgement.map(|judgement| in_words(&judgement.target, row.unit)))),
            ("status", Value::from(judgement.map(|judgement| judgement.status.as_str()))),
            ("progress", Value::from(judgement.and_then(|judgement| judgement.progress))),
            ("benchmark", Value::from(against.map(|against| against.benchmark.value))),
        ])
    }
}

/// What a message is told that derived results lack.
const EVIDENCE: [&str; 4] = ["low", "high", "n", "p_value"];

/// What a message is told, with a value for everything.
fn sample(rule: Option<&AlertRule>) -> BTreeMap<&'static str, Value> {
    let dimensions = rule.map_or(&[][..], |rule| &rule.dimensions);
    let has_evidence = rule.is_none_or(|rule| rule.has_evidence);
    let number = || Value::from(1.0);
    let text = || Value::from("text");
    let texts =
        ["alert", "severity", "condition", "request", "metric", "from", "to", "group", "shown", "unit", "baseline", "target", "status"];
    let numbers = ["value", "low", "high", "n", "change", "relative_change", "p_value", "progress", "benchmark"];
    let numbers = numbers.into_iter().filter(|name| has_evidence || !EVIDENCE.contains(name));
    let told = texts.into_iter().map(|name| (name, text())).chain(numbers.map(|name| (name, number())));
    told.chain([("dimensions", Value::from_pairs(dimensions.iter().map(|name| (name.clone(), text()))))]).collect()
}

/// The group and the time of a row, each with something before it; nothing for a total over everything.
fn place(row: &ResultRow) -> String {
    let group = if row.dimensions.is_empty() { String::new() } else { format!(" ({})", group(row)) };
    let time = row.start.as_ref().zip(last_day(row)).map(|(start, end)| match row.grain {
        Grain::Hour => format!(", {}", start.strftime("%Y-%m-%d %H:00")),
        _ if start.date() == end => format!(", {end}"),
        _ => format!(", {} to {end}", start.date()),
    });
    group + &time.unwrap_or_default()
}

/// A row's value in a dimension, in words.
fn dimension(row: &ResultRow, name: &str) -> String {
    match row.dimensions.iter().find(|(own, _)| own == name) {
        None => "(all)".to_owned(),
        Some((_, DimensionValue::Missing)) => "(missing)".to_owned(),
        Some((_, value)) => value.to_string(),
    }
}

/// The last day of a row's bucket.
fn last_day(row: &ResultRow) -> Option<Date> {
    row.end.as_ref().map(|end| end.saturating_sub(1.nanosecond()).date())
}

/// The group of a row, such as `region: north, product: Plus`.
pub(crate) fn group(row: &ResultRow) -> String {
    if row.dimensions.is_empty() {
        return "total".to_owned();
    }
    row.dimensions.iter().map(|(name, _)| format!("{name}: {}", dimension(row, name))).collect::<Vec<_>>().join(", ")
}

/// A target in words, such as `at least 40 points`.
pub(crate) fn in_words(target: &Target, unit: Unit) -> String {
    let show = |number: f64| in_unit(Some(number), unit);
    match (target.at_least, target.at_most, &target.holds) {
        (Some(low), Some(high), _) => format!("between {} and {}", show(low), show(high)),
        (Some(low), None, _) => format!("at least {}", show(low)),
        (None, Some(high), _) => format!("at most {}", show(high)),
        (None, None, holds) => holds.clone().unwrap_or_default(),
    }
}

/// A value in its unit as a sentence has it.
pub(crate) fn in_unit(value: Option<f64>, unit: Unit) -> String {
    let Some(value) = value else { return "undefined".to_owned() };
    let rounded = (value * 100.0).round() / 100.0;
    match unit {
        Unit::Percent => format!("{rounded} %"),
        Unit::Currency => format!("{value:.2}"),
        Unit::Seconds if value.abs() >= 60.0 => {
            let minutes = SignedDuration::try_from_secs_f64(value).map(|whole| SignedDuration::from_secs(whole.as_secs()));
            minutes.map_or_else(|_| format!("{rounded} seconds"), |whole| DURATION.duration_to_string(&whole))
        }
        Unit::Points | Unit::Seconds | Unit::Days | Unit::Months | Unit::Years => format!("{rounded} {}", unit.as_str()),
        _ => rounded.to_string(),
    }
}

const DURATION: SpanPrinter = SpanPrinter::new().designator(Designator::Short).spacing(Spacing::BetweenUnitsAndDesignators);
