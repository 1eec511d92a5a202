//! Calendars: the opening hours that a config describes, and the parameters that name them.

use std::collections::{BTreeMap, BTreeSet};

use custometer_core::registry::Descriptor;
use custometer_core::time::{Clock, NamedCalendar};
use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value as Json};
use toml::Spanned;

use crate::config::diagnostics::Collector;
use crate::config::params::Params;
use crate::config::section::Listed;
use crate::config::values::{Day, ZoneName};

const WEEKDAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const MINUTES_PER_DAY: u16 = 24 * 60;

/// When somebody is there to answer: the hours that business durations count.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CalendarConfig {
    /// IANA time zone of the hours. The report's unless said.
    #[schemars(with = "Option<String>")]
    pub timezone: Option<ZoneName>,
    /// For a weekday or several, the hours: `{ mon-thu = ["08:00-16:00"], fri = ["08:00-12:00", "12:30-15:00"] }`. Days that are not named
    /// are closed.
    #[schemars(with = "BTreeMap<String, Vec<String>>")]
    pub hours: BTreeMap<Spanned<String>, Vec<Spanned<String>>>,
    /// Days that are closed, whatever their weekday.
    #[serde(default)]
    pub holidays: Vec<Day>,
}

/// The calendars of a config, by name; none for one that is wrong, which has been reported.
pub(crate) struct Calendars(BTreeMap<String, Option<NamedCalendar>>);

impl Calendars {
    /// Reads the calendars. `zone` is the report's, for those that name none.
    pub(crate) fn read(config: &BTreeMap<String, CalendarConfig>, zone: &TimeZone, problems: &mut Collector) -> Self {
        Self(config.iter().map(|(name, calendar)| (name.clone(), read(name, calendar, zone, problems))).collect())
    }

    /// The parameters of a request, with the calendars in the place of their names. None where a calendar does not exist.
    pub(crate) fn bind(&self, params: &Params, metric: &Descriptor, problems: &mut Collector) -> Option<Map<String, Json>> {
        let mut bound = params.given.clone();
        let schema = metric.params_schema().to_value();
        let properties = schema.get("properties").and_then(Json::as_object);
        for (param, _) in properties.into_iter().flatten().filter(|(_, property)| names_calendar(property)) {
            let Some(given) = bound.get_mut(param) else { continue };
            // Rows may name any calendar of the report.
            if given.is_object() && self.0.is_empty() {
                problems
                    .report(params.locate(std::slice::from_ref(param), false), "the report has no calendar that rows could name")
                    .help("describe each as `[calendars.NAME]`");
                return None;
            }
            if let Some(of_row) = given.as_object_mut().filter(|of_row| of_row.contains_key("column")) {
                let known =
                    self.0.values().map(|calendar| calendar.as_ref().map(serde_json::to_value)).collect::<Option<Result<Json, _>>>()?;
                of_row.insert("calendars".to_owned(), known.unwrap_or_default());
                continue;
            }
            let Some(name) = given.as_str().filter(|name| *name != Clock::CALENDAR) else { continue };
            match self.0.get(name) {
                Some(Some(calendar)) => *given = serde_json::to_value(calendar).unwrap_or_default(),
                Some(None) => return None,
                None => {
                    let known: Vec<&str> = std::iter::once(Clock::CALENDAR).chain(self.0.keys().map(String::as_str)).collect();
                    problems.report(params.locate(std::slice::from_ref(param), false), format!("there is no calendar `{name}`")).suggest(
                        name,
                        &known,
                        || format!("describe it as `[calendars.{name}]`, or take {}", Listed(&known)),
                    );
                    return None;
                }
            }
        }
        Some(bound)
    }
}

/// Whether a parameter's schema says that it may name a calendar.
fn names_calendar(property: &Json) -> bool {
    property.get("x-names-calendar").is_some()
}

fn read(name: &str, config: &CalendarConfig, zone: &TimeZone, problems: &mut Collector) -> Option<NamedCalendar> {
    let mut week: [Vec<(u16, u16, &Spanned<String>)>; 7] = Default::default();
    let mut is_right = true;
    let mut wrong = |at: &Spanned<String>, message: String, help: &str| {
        problems.report(at.span(), message).help(help);
        is_right = false;
    };
    if let Some((days, _)) = config.hours.first_key_value().filter(|_| name == Clock::CALENDAR) {
        wrong(days, format!("`{name}` is the name of the clock that always runs"), "give these hours another name");
    }
    for (days, stretches) in &config.hours {
        let Some(positions) = weekdays(days.get_ref()) else {
            wrong(days, format!("`{}` is not a weekday", days.get_ref()), "write it as `mon`, or as `mon-fri` for several");
            continue;
        };
        for stretch in stretches {
            let Some((opens, closes)) = minutes(stretch.get_ref()) else {
                wrong(stretch, format!("`{}` are not hours of a day", stretch.get_ref()), "write them as `08:00-16:30`, up to `24:00`");
                continue;
            };
            if opens >= closes {
                let message = format!("`{}` ends before it begins", stretch.get_ref());
                wrong(stretch, message, "hours over midnight are written for both days: up to `24:00`, and from `00:00`");
                continue;
            }
            for &day in &positions {
                week[day].push((opens, closes, stretch));
            }
        }
    }
    let mut overlapping = BTreeSet::new();
    for (day, of_day) in WEEKDAYS.iter().zip(&mut week) {
        of_day.sort_by_key(|(opens, closes, _)| (*opens, *closes));
        // Hours that are written for several days are reported once.
        for pair in of_day.windows(2).filter(|pair| pair[1].0 < pair[0].1 && overlapping.insert(pair[1].2.span().start)) {
            let message = format!("on `{day}`, `{}` and `{}` overlap", pair[0].2.get_ref(), pair[1].2.get_ref());
            wrong(pair[1].2, message, "write every hour once");
        }
    }
    let zone = config.timezone.as_ref().map_or(zone, |zone| &zone.0);
    is_right.then(|| NamedCalendar {
        name: name.to_owned(),
        timezone: zone.iana_name().unwrap_or("UTC").to_owned(),
        week: week.map(|of_day| of_day.into_iter().map(|(opens, closes, _)| (opens, closes)).collect()),
        holidays: config.holidays.iter().map(|day| day.0).collect(),
    })
}

/// The positions of `mon` or of `mon-fri`; a span may go over the end of the week.
fn weekdays(text: &str) -> Option<Vec<usize>> {
    let position = |day: &str| WEEKDAYS.iter().position(|known| known.eq_ignore_ascii_case(day.trim()));
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let (first, last) = (position(first)?, position(last)?);
    Some((0..=(last + 7 - first) % 7).map(|step| (first + step) % 7).collect())
}

/// The minutes since midnight of `08:00-16:30`.
fn minutes(text: &str) -> Option<(u16, u16)> {
    let of = |time: &str| {
        let (hour, minute) = time.trim().split_once(':')?;
        let is_plain = |digits: &str| (1..=2).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
        let (hour, minute): (u16, u16) = (is_plain(hour).then_some(hour)?.parse().ok()?, is_plain(minute).then_some(minute)?.parse().ok()?);
        Some(hour * 60 + minute).filter(|minutes| minute < 60 && *minutes <= MINUTES_PER_DAY)
    };
    let (opens, closes) = text.split_once('-')?;
    Some((of(opens)?, of(closes)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weekdays_are_one_or_a_span() {
        assert_eq!(weekdays("mon"), Some(vec![0]));
        assert_eq!(weekdays("Mon-Thu"), Some(vec![0, 1, 2, 3]));
        assert_eq!(weekdays("sat-mon"), Some(vec![5, 6, 0]));
        assert_eq!(weekdays("monday"), None);
        assert_eq!(weekdays("mon-"), None);
    }

    #[test]
    fn hours_are_within_one_day() {
        assert_eq!(minutes("08:00-16:30"), Some((480, 990)));
        assert_eq!(minutes("0:00-24:00"), Some((0, 1440)));
        for wrong in ["8-16", "08:60-09:00", "08:00", "08:00-24:01", "+8:00-09:00", "008:00-09:00"] {
            assert_eq!(minutes(wrong), None, "{wrong}");
        }
    }
}
