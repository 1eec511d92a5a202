//! `--state` and `diff`: what runs leave for later ones.

use std::path::Path;

use custometer_output::history::alerts::{Rules, Standing, Told, remember};
use custometer_output::history::diff::Diff;
use custometer_output::history::{Kept, Recorded, State};
use custometer_runner::{Report, Restated, RunResult};
use jiff::civil::Date;

use crate::failure::{Failure, Shortcoming};
use crate::tell::{counted, note, print};

/// So many differences are shown where there is a reader.
const MOST: usize = 20;

/// The runs before this one, and what becomes of alerts after them.
pub(super) struct Memory {
    state: State,
    on: Date,
    told: Vec<Told>,
    to_tell: Vec<usize>,
}

impl Memory {
    /// What is remembered, compared with the results of this run.
    pub(super) fn of(folder: &Path, on: Date, result: &RunResult, report: &Report, quiet: bool) -> Result<Self, Failure> {
        let state = State::new(folder);
        if let Some(last) = state.last().map_err(Failure::run)? {
            let diff = Diff::of(&last, &Recorded::of_result(result, &report.settings));
            restated(&diff, report.restated, quiet)?;
        }
        let rules = Rules {
            of_each_bucket: &|alert| report.alert_is_of_each_bucket(alert),
            remind_after_days: &|alert| report.remind_after_days(alert),
        };
        let (told, to_tell) = remember(&state.told().map_err(Failure::run)?, result, on, &rules);
        for resolved in told.iter().filter(|told| told.standing == Standing::Resolved) {
            note(quiet, &format!("resolved: the alert `{}` on {} ({})", resolved.alert, resolved.request, resolved.message));
        }
        Ok(Self { state, on, told, to_tell })
    }

    /// Whether an alert is to be told, by its position.
    pub(super) fn tells(&self, alert: usize) -> bool {
        self.to_tell.contains(&alert)
    }

    /// Keeps the run. What could not be told is told by the next one.
    pub(super) fn keep(mut self, result: &RunResult, report: &Report, is_told: bool, quiet: bool) -> Result<(), Failure> {
        for told in self.told.iter_mut().filter(|told| !is_told && told.told_on == Some(self.on)) {
            told.told_on = None;
        }
        let kept = Kept { on: self.on, settings: &report.settings, alerts: &self.told };
        let name = self.state.add(result, &kept).map_err(Failure::run)?;
        note(quiet, &format!("kept as run {name}"));
        Ok(())
    }
}

/// Says which values of buckets that were over are not what they were.
fn restated(diff: &Diff, wanted: Restated, quiet: bool) -> Result<(), Failure> {
    let count = diff.restated().count();
    if count == 0 {
        return Ok(());
    }
    let what = format!("{} of buckets that were over changed since run {}", counted(count, "value"), diff.old);
    let only = Diff { values: diff.restated().cloned().collect(), ..diff.clone() };
    match wanted {
        Restated::Fail => Err(Failure::run(format!(
            "{what}; nothing was written. To accept them, add `--set report.restated=note`\n{}",
            only.in_words(MOST).trim_end()
        ))),
        Restated::Note => {
            note(quiet, &format!("{what}\n{}", only.in_words(MOST).trim_end()));
            Ok(())
        }
    }
}

/// `custometer diff`.
pub(super) fn diff(old: &str, new: &str, state: Option<&Path>, json: bool, fail_on_change: bool) -> Result<(), Failure> {
    let read = |asked: &str| match state {
        _ if Path::new(asked).is_file() => Recorded::of_file(Path::new(asked)).map_err(Failure::usage),
        Some(folder) => State::new(folder).find(asked).map_err(Failure::usage),
        None => Err(Failure::usage(format!("`{asked}` is no file: name results as JSON, or say where runs are kept: `--state DIR`"))),
    };
    let diff = Diff::of(&read(old)?, &read(new)?);
    if json {
        print(&format!("{}\n", serde_json::to_string_pretty(&diff).map_err(Failure::run)?))?;
    } else {
        print(&diff.in_words(MOST))?;
    }
    if fail_on_change && !diff.values.is_empty() {
        return Err(Failure::Done(vec![Shortcoming::Changed(format!("{} differ", counted(diff.values.len(), "value")))]));
    }
    Ok(())
}
