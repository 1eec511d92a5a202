//! `[[alerts]]`: what a report says of itself, and when.

use std::collections::BTreeSet;

use custometer_core::Grain;
use custometer_core::time::Last;
use minijinja::Value;
use schemars::JsonSchema;
use serde::Deserialize;
use toml::Spanned;

use crate::check::conditions::{self, ConditionConfig};
use crate::config::diagnostics::Collector;
use crate::config::section::Listed;
use crate::report::alert_rule::{AlertPeriods, AlertRows, AlertRule, EVIDENCE, GLOBALS, environment, obstacle, rendered, sample};
use crate::report::condition::Condition;
use crate::report::judged::Judged;
use crate::result::Severity;

/// An alert: what to say when results meet a condition, and to whom.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AlertConfig {
    /// Its name.
    #[schemars(with = "String")]
    pub name: Spanned<String>,
    /// The requests and derived results that it looks at, by name. All that can be asked its condition unless said.
    #[schemars(with = "Option<Vec<String>>")]
    pub metrics: Option<Vec<Spanned<String>>>,
    /// When it fires: all of this holds.
    #[schemars(with = "ConditionConfig")]
    pub when: Spanned<ConditionConfig>,
    /// The rows that it looks at. The total unless said, or the groups of a request that has no total.
    #[serde(default)]
    pub on: AlertRows,
    /// The buckets that it looks at. The last complete one unless said.
    #[serde(default)]
    pub periods: AlertPeriods,
    /// How grave it is. A warning unless said.
    #[serde(default)]
    pub severity: Severity,
    /// What it says, as a Jinja template: `{{ request }} fell to {{ shown }}`. What is the case unless said.
    #[schemars(with = "Option<String>")]
    pub message: Option<Spanned<String>>,
    /// The webhook that is told.
    #[schemars(with = "Option<String>")]
    pub webhook: Option<Spanned<String>>,
    /// The mail that tells it.
    #[schemars(with = "Option<String>")]
    pub mail: Option<Spanned<String>>,
    /// With `--state`, an alert that is still on is told again after so many days or weeks, such as `7 days`. Never unless said, or its severity
    /// rises.
    #[schemars(with = "Option<Last>")]
    pub remind_after: Option<Spanned<Last>>,
}

/// The names that alerts may use, those of sections that are wrong too.
pub(crate) struct Named<'a> {
    /// Requests and calculated results.
    pub(crate) results: Vec<&'a str>,
    pub(crate) webhooks: Vec<&'a str>,
    pub(crate) mails: Vec<&'a str>,
}

/// Reads the alerts of a config, over the requests and derived results that are in order.
pub(crate) fn read(alerts: &[AlertConfig], named: &Named<'_>, judged: &[Judged<'_>], problems: &mut Collector) -> Vec<AlertRule> {
    let mut names = BTreeSet::new();
    let mut rules = Vec::new();
    for alert in alerts {
        if !names.insert(alert.name.get_ref()) {
            problems
                .report(alert.name.span(), format!("two alerts are called `{}`", alert.name.get_ref()))
                .help("give one of them another `name`");
        }
        if let Some(webhook) = alert.webhook.as_ref().filter(|webhook| !named.webhooks.contains(&webhook.get_ref().as_str())) {
            let name = webhook.get_ref();
            problems
                .report(webhook.span(), format!("there is no webhook `{name}`"))
                .suggest(name, &named.webhooks, || format!("describe it: `[webhooks.{name}]` with its `url`"));
        }
        if let Some(mail) = alert.mail.as_ref().filter(|mail| !named.mails.contains(&mail.get_ref().as_str())) {
            let name = mail.get_ref();
            problems
                .report(mail.span(), format!("there is no mail `{name}`"))
                .suggest(name, &named.mails, || format!("describe it: `[mail.{name}]` with `host`, `from` and `to`"));
        }
        let rule = rule(alert, named, judged, problems);
        if let Some(message) = &alert.message {
            // What a request has that is not in order is not known.
            let are_all_known = judged.len() == named.results.len();
            check_template(message, rule.as_ref().filter(|_| are_all_known), problems);
        }
        rules.extend(rule);
    }
    rules
}

fn rule(alert: &AlertConfig, known: &Named<'_>, judged: &[Judged<'_>], problems: &mut Collector) -> Option<AlertRule> {
    let condition = conditions::read(&alert.when, problems)?;
    let seen: Vec<&Judged<'_>> = match &alert.metrics {
        Some(names) => looked_at(alert, names, &condition, &known.results, judged, problems),
        None => judged.iter().filter(|judged| conditions::obstacle(&condition, &alert.when, judged).is_none()).collect(),
    };
    if let (true, None, Some(first)) = (seen.is_empty(), &alert.metrics, judged.first())
        && let Some((place, obstacle)) = conditions::obstacle(&condition, &alert.when, first)
    {
        problems.report(place, format!("no request can be asked this: {}", obstacle.message)).help(obstacle.help);
    }
    let dimensions: BTreeSet<String> = seen.iter().flat_map(|judged| judged.by.iter().flatten().chain(&judged.own)).cloned().collect();
    Some(AlertRule {
        dimensions: dimensions.into_iter().collect(),
        has_evidence: seen.iter().any(|judged| judged.has_interval),
        name: alert.name.get_ref().clone(),
        requests: seen.iter().map(|judged| judged.name.to_owned()).collect(),
        condition,
        on: alert.on,
        periods: alert.periods,
        severity: alert.severity,
        message: alert.message.as_ref().map(|message| message.get_ref().clone()),
        webhook: alert.webhook.as_ref().map(|webhook| webhook.get_ref().clone()),
        mail: alert.mail.as_ref().map(|mail| mail.get_ref().clone()),
        remind_after_days: remind_after_days(alert, problems),
    })
}

fn remind_after_days(alert: &AlertConfig, problems: &mut Collector) -> Option<i64> {
    let after = alert.remind_after.as_ref()?;
    let count = i64::from(after.get_ref().count());
    match after.get_ref().unit() {
        Grain::Day => Some(count),
        Grain::Week => Some(7 * count),
        _ => {
            problems.report(after.span(), "an alert is told again after days or weeks").help("write such as `remind_after = \"7 days\"`");
            None
        }
    }
}

/// What an alert names; what is wrong with it is reported.
fn looked_at<'a>(
    alert: &AlertConfig,
    names: &[Spanned<String>],
    condition: &Condition,
    known: &[&str],
    judged: &'a [Judged<'a>],
    problems: &mut Collector,
) -> Vec<&'a Judged<'a>> {
    let mut seen = Vec::new();
    for name in names {
        if !known.contains(&name.get_ref().as_str()) {
            problems
                .report(name.span(), format!("there is no request `{}`", name.get_ref()))
                .suggest(name.get_ref(), known, || format!("the requests are {}", Listed(known)));
        }
        // A mistake in one of them was reported at its own place.
        if let Some(judged) = judged.iter().find(|judged| judged.name == name.get_ref()) {
            if let Some((place, obstacle)) = conditions::obstacle(condition, &alert.when, judged) {
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

/// Reports what is wrong with a message: its syntax, a name that does not exist, a filter that does not fit. There is a `rule` where all
/// that the alert looks at is in order.
fn check_template(message: &Spanned<String>, rule: Option<&AlertRule>, problems: &mut Collector) {
    let environment = environment();
    let sample = sample(rule);
    let text = message.get_ref();
    if let Some((part, wrong, help)) = obstacle(text) {
        let place = problems.place_in(message, part);
        problems.report(place, wrong).help(help);
        return;
    }
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
        let start = text.find(name.as_str()).unwrap_or_default();
        let place = problems.place_in(message, start..start + name.len());
        if EVIDENCE.contains(&name.as_str()) {
            problems.report(place, format!("derived results have no `{name}`")).help("take it out, or let the alert look at a request");
        } else {
            problems.report(place, format!("a message knows no `{name}`")).suggest(name, &known, || format!("it knows {}", Listed(&known)));
        }
    }
    if let (true, true, Err(error)) = (unknown.is_empty(), rule.is_some(), rendered(&environment, text, Value::from_pairs(sample))) {
        template_problem(message, &error, problems);
    }
}

fn template_problem(message: &Spanned<String>, error: &minijinja::Error, problems: &mut Collector) {
    let place = error.range().map_or(message.span(), |range| problems.place_in(message, range));
    let reason = error.detail().map_or_else(|| error.kind().to_string(), str::to_owned);
    problems
        .report(place, format!("the message can't be made: {reason}"))
        .help("messages are Jinja templates, such as `{{ request }} is at {{ shown }}`");
}
