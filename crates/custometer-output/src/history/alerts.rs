//! Alerts with a memory: what is told once is not told again each night.

use std::fs::File;
use std::path::Path;

use custometer_runner::result::{Alert, RunResult, Severity};
use jiff::civil::Date;
use polars::prelude::{Column, DataFrame, ParquetReader, PolarsResult, SerReader as _};

use super::error::HistoryError;
use super::recorded::{group, texts};

/// An alert that is gone for fewer days than these was never gone: a value that crosses its limit back and forth is one alert.
const FLAPPING_DAYS: i64 = 7;

/// What is remembered of an alert on one group of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// Its name.
    pub alert: String,
    /// The request that it is on.
    pub request: String,
    /// The group, as a JSON object of dimensions; and the bucket, where the alert looks at all of them.
    pub group: String,
    /// The gravest it was told with.
    pub severity: Severity,
    /// Whether it is on.
    pub standing: Standing,
    /// What it says.
    pub message: String,
    /// The first day that it was on.
    pub since: Date,
    /// The last day that it was on.
    pub last_on: Date,
    /// The last day that it was told on; none where it could not be told.
    pub told_on: Option<Date>,
}

/// How an alert stands to what was told before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It was not on before.
    New,
    /// It is still on.
    Still,
    /// It is on no more.
    Resolved,
}

impl Standing {
    /// The name in outputs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Still => "still",
            Self::Resolved => "resolved",
        }
    }
}

/// What the report says of an alert's memory, by its name.
pub struct Rules<'a> {
    /// Whether it looks at all buckets, each of which is another alert.
    pub of_each_bucket: &'a dyn Fn(&str) -> bool,
    /// After how many days it is told again; never where it is none.
    pub remind_after_days: &'a dyn Fn(&str) -> Option<i64>,
}

/// What becomes of the alerts of a run after those before: what is to be remembered, and the positions of the alerts that are to be told.
pub fn remember(before: &[Told], result: &RunResult, on: Date, rules: &Rules<'_>) -> (Vec<Told>, Vec<usize>) {
    let mut remembered: Vec<Told> = Vec::new();
    let mut to_tell = Vec::new();
    for (position, alert) in result.alerts.iter().enumerate() {
        let Some(of) = place(alert, result, rules) else { continue };
        let known = before.iter().find(|told| told.alert == alert.name && told.request == of.0 && told.group == of.1);
        let known = known.filter(|told| told.standing != Standing::Resolved || days(told.last_on, on) < FLAPPING_DAYS);
        let is_told = match known {
            None => true,
            Some(told) => {
                let is_due = |after: i64| told.told_on.is_some_and(|told_on| days(told_on, on) >= after);
                told.told_on.is_none() || alert.severity > told.severity || (rules.remind_after_days)(&alert.name).is_some_and(is_due)
            }
        };
        if is_told {
            to_tell.push(position);
        }
        remembered.push(Told {
            alert: alert.name.clone(),
            request: of.0,
            group: of.1,
            severity: known.map_or(alert.severity, |told| told.severity.max(alert.severity)),
            standing: if known.is_some() { Standing::Still } else { Standing::New },
            message: alert.message.clone(),
            since: known.map_or(on, |told| told.since),
            last_on: on,
            told_on: if is_told { Some(on) } else { known.and_then(|told| told.told_on) },
        });
    }
    for told in before {
        let is_on = remembered.iter().any(|now| now.alert == told.alert && now.request == told.request && now.group == told.group);
        // What has been gone for long is forgotten.
        if !is_on && (told.standing != Standing::Resolved || days(told.last_on, on) < FLAPPING_DAYS) {
            remembered.push(Told { standing: Standing::Resolved, ..told.clone() });
        }
    }
    (remembered, to_tell)
}

/// The request and the group that an alert is on.
fn place(alert: &Alert, result: &RunResult, rules: &Rules<'_>) -> Option<(String, String)> {
    let row = result.results.get(alert.row)?;
    let group = group(&row.dimensions);
    let start = row.start.as_ref().filter(|_| (rules.of_each_bucket)(&alert.name));
    Some((row.request.clone(), start.map_or(group.clone(), |start| format!("{group} from {}", start.timestamp()))))
}

fn days(from: Date, until: Date) -> i64 {
    i64::from(from.until(until).map_or(0, |span| span.get_days()))
}

impl Told {
    /// What is remembered, as a table.
    pub(super) fn frame(told: &[Self]) -> PolarsResult<DataFrame> {
        let column = |name: &str, of: &dyn Fn(&Self) -> String| Column::new(name.into(), told.iter().map(of).collect::<Vec<String>>());
        DataFrame::new(
            told.len(),
            vec![
                column("alert", &|told| told.alert.clone()),
                column("request", &|told| told.request.clone()),
                column("group", &|told| told.group.clone()),
                column("severity", &|told| told.severity.as_str().to_owned()),
                column("standing", &|told| told.standing.as_str().to_owned()),
                column("message", &|told| told.message.clone()),
                column("since", &|told| told.since.to_string()),
                column("last_on", &|told| told.last_on.to_string()),
                column("told_on", &|told| told.told_on.map(|day| day.to_string()).unwrap_or_default()),
            ],
        )
    }

    /// What is remembered in a file.
    pub(super) fn read(path: &Path) -> Result<Vec<Self>, HistoryError> {
        let opened = File::open(path).map_err(|source| HistoryError::File { what: "read", path: path.to_owned(), source })?;
        let failed = |source| HistoryError::Parquet { what: "read", path: path.to_owned(), source };
        let rows = ParquetReader::new(opened).finish().map_err(failed)?;
        let columns = ["alert", "request", "group", "severity", "standing", "message", "since", "last_on", "told_on"];
        let columns = columns.map(|name| texts(&rows, name)).into_iter().collect::<PolarsResult<Vec<_>>>().map_err(failed)?;
        let of_row = |row: usize| {
            let text = |column: usize| columns[column][row].clone().unwrap_or_default();
            let severity =
                [Severity::Info, Severity::Warning, Severity::Critical].into_iter().find(|severity| severity.as_str() == text(3))?;
            let standing =
                [Standing::New, Standing::Still, Standing::Resolved].into_iter().find(|standing| standing.as_str() == text(4))?;
            let day = |column: usize| text(column).parse::<Date>().ok();
            let (since, last_on, told_on) = (day(6)?, day(7)?, day(8));
            Some(Self { alert: text(0), request: text(1), group: text(2), severity, standing, message: text(5), since, last_on, told_on })
        };
        Ok((0..rows.height()).filter_map(of_row).collect())
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::fixture;

    /// What becomes of nights, on each of which an alert of a severity is on or none is: whether it is told, and how it stands.
    fn nights(nights: &[Option<Severity>], remind_after_days: Option<i64>) -> Vec<(bool, Option<Standing>)> {
        let rules = Rules { of_each_bucket: &|_| false, remind_after_days: &|_| remind_after_days };
        let mut before = Vec::new();
        let night = |(day, on): (i64, &Option<Severity>)| {
            let mut result = fixture::result();
            result.alerts.truncate(1);
            result.alerts.retain_mut(|alert| {
                alert.severity = on.unwrap_or_default();
                on.is_some()
            });
            let on = date(2025, 1, 1).checked_add(jiff::Span::new().days(day)).unwrap();
            let (told, to_tell) = remember(&before, &result, on, &rules);
            // What is kept is read again as it was.
            let folder = tempfile::TempDir::new().unwrap();
            let path = folder.path().join("alerts.parquet");
            polars::prelude::ParquetWriter::new(File::create(&path).unwrap()).finish(&mut Told::frame(&told).unwrap()).unwrap();
            before = Told::read(&path).unwrap();
            assert_eq!(before, told);
            (to_tell == [0], told.first().map(|told| told.standing))
        };
        (0..).zip(nights).map(night).collect()
    }

    fn told(found: &[(bool, Option<Standing>)]) -> Vec<usize> {
        found.iter().enumerate().filter(|(_, (is_told, _))| *is_told).map(|(night, _)| night).collect()
    }

    const ON: Option<Severity> = Some(Severity::Warning);

    #[test]
    fn an_alert_that_stays_is_told_once_in_thirty_nights_or_as_often_as_is_asked() {
        let found = nights(&[ON; 30], None);
        assert_eq!(told(&found), [0]);
        assert_eq!((found[0].1, found[29].1), (Some(Standing::New), Some(Standing::Still)));
        assert_eq!(told(&nights(&[ON; 30], Some(7))), [0, 7, 14, 21, 28]);
    }

    #[test]
    fn a_graver_alert_is_told_again_and_a_lighter_one_is_not() {
        let critical = Some(Severity::Critical);
        assert_eq!(told(&nights(&[ON, ON, critical, critical, ON, critical], None)), [0, 2]);
    }

    #[test]
    fn an_alert_that_is_gone_for_long_is_a_new_one_and_one_that_flaps_is_not() {
        let flapping = nights(&[ON, None, ON, None, None, ON], None);
        assert_eq!(told(&flapping), [0]);
        assert_eq!((flapping[1].1, flapping[2].1), (Some(Standing::Resolved), Some(Standing::Still)));
        let gone = [&[ON][..], &[None; 7], &[ON]].concat();
        assert_eq!(told(&nights(&gone, None)), [0, 8]);
        // It is forgotten in the end.
        assert_eq!(nights(&[&[ON][..], &[None; 9]].concat(), None)[9].1, None);
    }
}
