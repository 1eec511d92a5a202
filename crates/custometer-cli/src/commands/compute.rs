//! `compute`: one metric of files in one line.

use std::fs;
use std::io;
use std::path::Path;

use custometer_core::Registry;
use custometer_runner::inspect::{Composed, Question, compose};
use tempfile::TempDir;
use toml::Table;

use super::{Wanted, compute_report, input};
use crate::args::{ComputeArgs, ReportArgs};
use crate::failure::Failure;
use crate::tell::{note, print};

/// What stands for the standard input.
const STDIN: &str = "-";

/// The file that the standard input is taken for.
const SAVED: &str = "stdin";

/// How messages call the config.
const NAME: &str = "--explain";

pub(super) fn run(args: &ComputeArgs, registry: &Registry) -> Result<(), Failure> {
    let (paths, scratch) = paths(&args.files)?;
    let question = question(args)?;
    let Composed { config, notes } =
        compose(&paths, &question, registry).map_err(|error| Failure::usage(shown(&error.to_string(), scratch.as_ref())))?;
    let config = match &scratch {
        Some(scratch) => {
            format!("# `{SAVED}` is the standard input, saved beside this report.\n{}", config.replace(&folder_prefix(scratch), ""))
        }
        None => config,
    };
    for told in &notes {
        note(args.quiet, told);
    }
    if args.explain {
        return print(&config);
    }
    let folder = scratch.as_ref().map_or(Path::new("."), TempDir::path);
    let unchanged = ReportArgs::default();
    let mut report = custometer_runner::load(&input(NAME, &config, folder, &unchanged)?, registry).map_err(Failure::Report)?;
    report.memory = args.memory.clone().into();
    let wanted = Wanted { formats: &[args.format], quiet: args.quiet, ..Wanted::default() };
    compute_report(&folder.join(NAME), &unchanged, &report, &wanted)
}

/// The files, where the standard input is one that is saved for the run.
fn paths(files: &[String]) -> Result<(Vec<String>, Option<TempDir>), Failure> {
    if !files.iter().any(|file| file == STDIN) {
        return Ok((files.to_vec(), None));
    }
    if files.len() > 1 {
        return Err(Failure::usage("`-` is the standard input, and there is no other file beside it"));
    }
    let scratch = TempDir::new().map_err(Failure::run)?;
    let path = scratch.path().join(SAVED);
    let mut saved = fs::File::create(&path).map_err(Failure::run)?;
    io::copy(&mut io::stdin().lock(), &mut saved).map_err(Failure::run)?;
    Ok((vec![path.display().to_string()], Some(scratch)))
}

fn folder_prefix(scratch: &TempDir) -> String {
    format!("{}/", scratch.path().display())
}

/// A message that names the standard input as such.
fn shown(message: &str, scratch: Option<&TempDir>) -> String {
    scratch.map_or_else(|| message.to_owned(), |scratch| message.replace(&folder_prefix(scratch), ""))
}

fn question(args: &ComputeArgs) -> Result<Question, Failure> {
    let pair = |written: &String, option: &str| {
        let pair = written.split_once('=').map(|(name, value)| (name.trim().to_owned(), value.to_owned()));
        pair.ok_or_else(|| Failure::usage(format!("`{written}` has no `=`: write `{option}`")))
    };
    let columns = args.column.iter().map(|written| pair(written, "--column amount=Total")).collect::<Result<_, _>>()?;
    let params = args.param.iter().map(|written| pair(written, "--param window_days=90")).collect::<Result<_, _>>()?;
    let of_report = [
        ("grain", args.grain.clone()),
        ("from", args.from.map(|date| date.to_string())),
        ("until", args.until.map(|date| date.to_string())),
        ("last", args.last.clone()),
        ("as_of", args.as_of.map(|date| date.to_string())),
        ("timezone", args.timezone.clone()),
    ];
    let settings = of_report.into_iter().filter_map(|(key, value)| Some(format!("report.{key}={}", value?)));
    Ok(Question {
        metric: args.metric.clone(),
        columns,
        by: args.by.iter().map(|written| breakdown(written)).collect(),
        condition: args.condition.clone(),
        params,
        settings: settings.chain(args.settings.iter().cloned()).collect(),
    })
}

/// The columns of a breakdown: names with commas between them, or a list as TOML writes it.
fn breakdown(written: &str) -> Vec<String> {
    let list: Option<Table> = written.trim_start().starts_with('[').then(|| toml::from_str(&format!("v = {written}")).ok()).flatten();
    let names = list
        .as_ref()
        .and_then(|list| list.get("v")?.as_array()?.iter().map(|name| name.as_str().map(str::to_owned)).collect::<Option<_>>());
    names.unwrap_or_else(|| written.split(',').map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect())
}

#[cfg(test)]
mod tests {
    use super::breakdown;

    #[test]
    fn a_breakdown_is_names_or_a_list() {
        assert_eq!(breakdown("region"), ["region"]);
        assert_eq!(breakdown("region, product"), ["region", "product"]);
        assert_eq!(breakdown(""), [""; 0]);
        assert_eq!(breakdown("[\"a,b\", \"c\"]"), ["a,b", "c"]);
    }
}
