//! That a run in stages is a run, for what a metric is tried on.

use std::fmt::Write as _;

use custometer_core::Registry;

use super::law::{Law, Violation};
use super::variant::{Variant, quietly};
use crate::case::Case;
use crate::input::{GROUP, Input};
use crate::stages::{difference, run_in_stages};

impl Variant {
    /// The law of stages: examples as they are, and made-up rows in groups.
    pub(super) fn stages(&self) -> Vec<Violation> {
        let examples = self.examples.iter().map(|input| (input.clone(), "[[]]".to_owned()));
        let made_up = self.inputs.first().map(|input| (input.clone().in_groups(), format!("[[], [\"{GROUP}\"]]")));
        examples.chain(made_up).zip(1..).filter_map(|((input, by), seed)| self.is_one_run(&input, &by, seed)).collect()
    }

    fn is_one_run(&self, input: &Input, by: &str, seed: u64) -> Option<Violation> {
        let failed = |failure: String| Some(self.violation(Law::StagesAreOneRun, Some(input), "the bytes of a run", failure));
        let registry = match Registry::of([self.metric]) {
            Ok(registry) => registry,
            Err(error) => return failed(error.to_string()),
        };
        let (settings, sections) = input.report.find("\n[").map_or((input.report.as_str(), ""), |at| input.report.split_at(at));
        let mut config = format!("[report]\nmax_rejected_percent = 100\n{settings}\n{sections}\n");
        // Writing to a string does not fail.
        let _ = write!(
            config,
            "[tables.rows]\npath = \"rows.csv\"\n[[metrics]]\nmetric = \"{}\"\ntable = \"rows\"\nby = {by}\n[metrics.params]\n{}\n",
            self.metric.about.id, self.params
        );
        let case = Case::knowing(registry).file("rows.csv", input.csv());
        let report = match case.load(&config) {
            Ok(report) => report,
            Err(problems) => return failed(problems),
        };
        let run = quietly(|| custometer_runner::run(&report, case.path(), &|_| ()).map_err(|error| error.to_string()));
        let staged = quietly(|| run_in_stages(&report, case.path(), seed).map_err(|error| error.to_string()));
        match (&run, &staged) {
            (Some(Ok(run)), Some(Ok(staged))) => {
                difference(run, staged).and_then(|difference| failed(format!("cut by {seed}: {difference}")))
            }
            (Some(Err(one)), Some(Err(other))) if one == other => None,
            _ => failed(format!("cut by {seed}: {:?} and {:?}", run.as_ref().map(|run| run.as_ref().err()), staged.map(Result::err))),
        }
    }
}
