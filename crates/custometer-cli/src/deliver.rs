//! Delivery: alerts posted to their webhooks, and the report sent as mail, once it is written. What can't be delivered is told, and costs no report.

mod mail;
mod webhook;

use std::error::Error;
use std::time::Duration;

use custometer_runner::{Report, RunResult};

use crate::failure::Shortcoming;

/// How long is waited before the second attempt; before each further one twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(500);

/// How long is waited at most.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Delivers the alerts that are to be told, by their positions; what could not be delivered. A dry run sends nothing and shows what it would.
pub(crate) fn deliver(
    result: &RunResult,
    report: &Report,
    tells: &dyn Fn(usize) -> bool,
    dry_run: bool,
    quiet: bool,
) -> Result<Vec<Shortcoming>, Box<dyn Error>> {
    let mut failed = webhook::deliver(result, report, tells, dry_run, quiet)?;
    failed.extend(mail::deliver(result, report, tells, dry_run, quiet)?);
    Ok(failed)
}

/// How long is waited after an attempt, which is counted from 0, where a server did not ask for a time of its own.
fn pause(attempt: u32, asked: Option<Duration>) -> Duration {
    asked.unwrap_or(FIRST_PAUSE * 2_u32.pow(attempt)).min(LONGEST_PAUSE)
}
