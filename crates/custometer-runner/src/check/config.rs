//! The config as it is written: its sections, each read by the file of its own.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::check::alerts::{self, AlertConfig};
use crate::check::calendars::CalendarConfig;
use crate::check::define::DefineConfig;
use crate::check::derived::DerivedConfig;
use crate::check::mail::MailConfig;
use crate::check::packs;
use crate::check::periods::{HolidaysConfig, PeriodsConfig};
use crate::check::report::{self, ReportConfig};
use crate::check::requests::{self, MetricConfig};
use crate::check::segments::{SegmentConfig, Segments};
use crate::check::tables::TableConfig;
use crate::check::webhooks::WebhookConfig;
use crate::config::diagnostics::Collector;
use crate::config::include;
use crate::config::section::{Named, did_you_mean, named, section, sections, with_params};
use crate::config::settings::Setting;
use crate::config::variables;

/// A report: what to read and what to compute of it.
#[derive(Debug, Default, JsonSchema)]
pub(crate) struct Config {
    /// Settings of the report as a whole.
    pub report: ReportConfig,
    /// Opening hours, by the names that durations are counted on.
    #[schemars(default)]
    pub calendars: BTreeMap<String, CalendarConfig>,
    /// Periods of the report's own, by the names that grains have for them.
    #[schemars(default, with = "BTreeMap<String, PeriodsConfig>")]
    pub periods: BTreeMap<String, Spanned<PeriodsConfig>>,
    /// Holidays, by the names that comparisons have for them.
    #[schemars(default, with = "BTreeMap<String, HolidaysConfig>")]
    pub holidays: BTreeMap<String, Spanned<HolidaysConfig>>,
    /// The tables, by the names that requests use.
    pub tables: BTreeMap<String, TableConfig>,
    /// Parts of tables, by the names that requests, breakdowns and expressions use.
    #[schemars(default, with = "BTreeMap<String, SegmentConfig>")]
    pub segments: Segments,
    /// Metrics of the report's own, by their ids.
    #[schemars(default, with = "BTreeMap<String, DefineConfig>")]
    pub define: Named<DefineConfig>,
    /// Results that are calculated from those of requests, by their names.
    #[schemars(default, with = "BTreeMap<String, DerivedConfig>")]
    pub derived: Named<DerivedConfig>,
    /// The requests, in the order of their results.
    pub metrics: Vec<MetricConfig>,
    /// What to say when a result meets a condition.
    #[schemars(default)]
    pub alerts: Vec<AlertConfig>,
    /// Whom alerts are sent to, by the names that they use.
    #[schemars(default, with = "BTreeMap<String, WebhookConfig>")]
    pub webhooks: BTreeMap<String, Spanned<WebhookConfig>>,
    /// Whom the report is sent to by e-mail, by the names that alerts use.
    #[schemars(default, with = "BTreeMap<String, MailConfig>")]
    pub mail: BTreeMap<String, Spanned<MailConfig>>,
}

impl Config {
    /// The names of its results, webhooks and mails.
    pub(crate) fn named(&self) -> alerts::Named<'_> {
        let requests = self.metrics.iter().map(|request| request.name.as_ref().unwrap_or(&request.metric));
        let results = requests.chain(self.derived.iter().map(|(name, _)| name)).map(|name| name.get_ref().as_str()).collect();
        alerts::Named {
            results,
            webhooks: self.webhooks.keys().map(String::as_str).collect(),
            mails: self.mail.keys().map(String::as_str).collect(),
        }
    }
}

/// Reads a config and reports everything that is wrong with its form. What could be read is returned all the same, with what the environment
/// said for its variables, by their names.
pub(crate) fn read(environment: &dyn Fn(&str) -> Option<String>, problems: &mut Collector) -> (Config, BTreeMap<String, String>) {
    let places = include::files(problems);
    let texts: Vec<String> = places.iter().map(|place| include::in_place(place, problems)).collect();
    let settings = Setting::all(problems.text());
    let mut root = DeTable::new();
    for (text, place) in texts.iter().zip(places) {
        let (parsed, errors) = DeTable::parse_recoverable(text);
        for error in errors {
            problems.report(error.span().unwrap_or(place.clone()), error.message().to_owned()).label("not valid TOML here");
        }
        include::lay(&mut root, parsed.into_inner());
    }
    let declared = variables::declared(&root);
    for setting in &settings {
        setting.apply(&mut root, problems);
    }
    let asked = variables::asked(&root, environment);
    variables::fill(&mut root, &declared, &asked, problems);
    (sections_of(root, problems), asked)
}

/// Reads the sections of a config.
fn sections_of(root: DeTable<'_>, problems: &mut Collector) -> Config {
    let mut config = Config::default();
    if report::is_newer(&root, problems) {
        return config;
    }
    let packs = packs::Named::find(&root, problems);
    // Of a shorter life: what the packs say becomes a part of it.
    let mut root = root;
    packs.apply(&mut root, problems);
    for (key, value) in root {
        match (key.get_ref().as_ref(), value.get_ref()) {
            ("report", _) => config.report = section(value, problems).unwrap_or_default(),
            ("calendars", DeValue::Table(calendars)) => config.calendars = sections(calendars, problems),
            ("periods", DeValue::Table(periods)) => config.periods = sections(periods, problems),
            ("holidays", DeValue::Table(holidays)) => config.holidays = sections(holidays, problems),
            ("tables", DeValue::Table(tables)) => {
                for (name, table) in tables.clone() {
                    let place = table.span();
                    // What is written in a wrong way is reported already.
                    let is_said =
                        matches!(table.get_ref(), DeValue::Table(keys) if ["path", "union"].iter().any(|key| keys.contains_key(*key)));
                    if let Some(table) = with_params(table, problems, |table: &mut TableConfig, params| table.params = params) {
                        if table.path.is_none() && table.union.is_none() && !is_said {
                            problems
                                .report(place, "`path` is missing")
                                .help("name its files, or the tables that it is made of: `union = [\"…\", \"…\"]`");
                        }
                        config.tables.insert(name.get_ref().to_string(), table);
                    }
                }
            }
            ("segments", DeValue::Table(segments)) => {
                let read = named(segments, problems).into_iter();
                config.segments = read.filter_map(|(name, segment)| Some((name, segment?))).collect();
            }
            ("webhooks", DeValue::Table(webhooks)) => config.webhooks = sections(webhooks, problems),
            ("mail", DeValue::Table(mail)) => config.mail = sections(mail, problems),
            ("alerts", DeValue::Array(alerts)) => {
                config.alerts.extend(alerts.iter().cloned().filter_map(|alert| section(alert, problems)));
            }
            ("metrics", DeValue::Array(requests)) => {
                config.metrics.extend(requests.iter().cloned().filter_map(|request| requests::metric(request, problems)));
            }
            ("define", DeValue::Table(define)) => config.define = named(define, problems),
            ("define", _) => {
                problems.report(value.span(), "`define` must be tables").help("write `[define.\"domain.name\"]`");
            }
            ("derived", DeValue::Table(derived)) => config.derived = named(derived, problems),
            ("derived", _) => {
                problems.report(value.span(), "`derived` must be tables").help("write `[derived.NAME]`");
            }
            ("include", _) => {
                problems
                    .report(key.span(), "`include` is read before settings are made")
                    .help("name the file in the report, or set the keys themselves");
            }
            (name @ ("tables" | "calendars" | "periods" | "holidays" | "segments" | "webhooks" | "mail"), _) => {
                problems.report(value.span(), format!("`{name}` must be tables")).help(format!("write `[{name}.NAME]`"));
            }
            (name @ ("metrics" | "alerts"), _) => {
                problems
                    .report(value.span(), format!("`{name}` must be a list of tables"))
                    .help(format!("write `[[{name}]]` above each {}", if name == "metrics" { "request" } else { "alert" }));
            }
            (unknown, _) => {
                let known = [
                    "include",
                    "variables",
                    "report",
                    "calendars",
                    "periods",
                    "holidays",
                    "tables",
                    "segments",
                    "define",
                    "metrics",
                    "derived",
                    "alerts",
                    "webhooks",
                    "mail",
                ];
                let help = did_you_mean(unknown, &known);
                problems.report(key.span(), format!("unknown section `{unknown}`")).label("not known").help(help);
            }
        }
    }
    if problems.is_empty() && config.metrics.is_empty() {
        problems
            .report(0..0, "the report asks for no metric")
            .help("add a request: `[[metrics]]` with `metric = \"…\"` and `table = \"…\"`");
    }
    config
}
