//! What the commands do.

mod compute;
mod docs;
mod history;
mod init;
pub(crate) mod inspect;
mod markdown;
mod metrics;
mod new;
mod pack_pages;
mod packs;
mod state;
mod validate;
mod view;
mod watch;

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fmt;
use std::fs;
use std::io::{self, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use clap::CommandFactory as _;
use custometer_core::Registry;
use custometer_output::{Format, Terminal};
use custometer_runner::result::{Severity, Status, harmless};
use custometer_runner::stages::{States, run_keeping};
use custometer_runner::{Event, GivenRows, Input, MemoryLimit, Note, Report, RunResult};
use indicatif::{DecimalBytes, HumanBytes, ProgressBar, ProgressState, ProgressStyle};
use jiff::civil::Date;

use crate::args::{Args, Command, InspectFormat, NewCommand, ReportArgs};
use crate::commands::history::Memory;
use crate::deliver;
use crate::failure::{Failure, Shortcoming, shows_colors};
use crate::sample::{self, SampleOptions};
use crate::tell::{counted, note, print, write};

/// How many threads there are to be: Polars', and so the engine's.
const THREADS: &str = "POLARS_MAX_THREADS";

/// With more threads than these a computer does nothing but change between them.
const MOST_THREADS: u32 = 1024;

/// Runs one command; what it makes goes to stdout, everything else to stderr.
pub(crate) fn run(args: Args) -> Result<(), Failure> {
    check_threads(std::env::var_os(THREADS))?;
    let registry = Registry::linked().map_err(Failure::usage)?;
    match args.command {
        Command::Run { report, memory, watch: true, port, quiet, .. } => watch::run(&report, &memory.into(), port, quiet, &registry),
        Command::Run { report, memory, format, out, dated, fail_on_target, fail_on_alert, dry_run, state, strict, quiet, .. } => {
            let fail_on_alert = fail_on_alert.map(Into::into);
            let (out, state) = (out.as_deref(), state.as_deref());
            let wanted = Wanted { formats: &format, out, dated, fail_on_target, fail_on_alert, dry_run, state, strict, quiet };
            compute_all(&report, &memory.into(), &registry, &wanted)
        }
        Command::Diff { old, new, state, format, fail_on_change } => {
            history::diff(&old, &new, state.as_deref(), format == InspectFormat::Json, fail_on_change)
        }
        Command::State { folder, prune } => state::run(&folder, prune),
        Command::View { results, format, out, quiet } => view::run(&results, &format, out.as_deref(), quiet),
        Command::Compute(args) => compute::run(&args, &registry),
        Command::Validate { report, format } => validate::run(&report, format, &registry),
        Command::Explain { report, memory, plan } => within(load_all(&report, &registry)?, &memory.into())
            .try_for_each(|(_, loaded)| print(&harmless::lines(&custometer_runner::explain(&loaded, plan).map_err(Failure::run)?))),
        Command::Inspect { paths, format } => inspect::run(&paths, format, &registry),
        Command::Init { paths, pack, out, force } => {
            init::run(&init::Wanted { paths: &paths, pack: pack.as_deref(), out: &out, force }, today()?, &registry)
        }
        Command::Metrics { command } => print(&metrics::run(&command, &registry)?),
        Command::Packs { command, dir } => print(&packs::run(&command, &dir)?),
        Command::New { command: NewCommand::Metrics { name, path, python } } => {
            new::metrics(&name, path.as_deref(), python)?;
            note(false, &format!("wrote {name}; next: cd {name} && cargo test && cargo run -- run report.toml"));
            Ok(())
        }
        Command::Docs { out, summary } => {
            let pages = docs::write(&registry, &out, summary.as_deref())?;
            note(false, &format!("wrote {} ({pages} pages)", out.display()));
            Ok(())
        }
        Command::Schema { report } => {
            let schema = match report {
                None => custometer_runner::schema(&registry),
                Some(path) => with_input(&path, &ReportArgs::default(), |input| custometer_runner::schema_for(input, &registry))?,
            };
            print(&format!("{schema:#}\n"))
        }
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Args::command(), "custometer", &mut script);
            write(&script)
        }
        Command::Man { out } => {
            fs::create_dir_all(&out).and_then(|()| clap_mangen::generate_to(Args::command(), &out)).map_err(Failure::run)?;
            note(false, &format!("wrote the manual to {}", out.display()));
            Ok(())
        }
        Command::Sample { out, table, rows, people, seed, format } => {
            samples(&out, &table, |table| SampleOptions { table, rows: rows.unwrap_or(table.default_rows()), people, seed, format })
        }
    }
}

/// What is to be made of a run.
#[derive(Clone, Copy, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
struct Wanted<'a> {
    formats: &'a [Format],
    out: Option<&'a Path>,
    dated: bool,
    fail_on_target: bool,
    fail_on_alert: Option<Severity>,
    dry_run: bool,
    state: Option<&'a Path>,
    strict: bool,
    quiet: bool,
}

/// Computes reports one after the other, once all of them are found to be in order.
fn compute_all(args: &ReportArgs, memory: &MemoryLimit, registry: &Registry, wanted: &Wanted<'_>) -> Result<(), Failure> {
    let &Wanted { formats, out, .. } = wanted;
    let several = args.paths.len() > 1;
    check_formats(formats, out.is_some(), io::stdout().is_terminal())?;
    if several && out.is_none() && !matches!(formats, [Format::Table | Format::Markdown]) {
        return Err(Failure::usage("several reports in this format need a folder: add `--out DIR`"));
    }
    let folders =
        args.paths.iter().map(|path| out.map(|out| if several { out.join(path.file_stem().unwrap_or_default()) } else { out.to_owned() }));
    let folders: Vec<Option<PathBuf>> = folders.collect();
    if let Some(folder) = folders.iter().enumerate().find_map(|(at, folder)| folder.as_ref().filter(|_| folders[..at].contains(folder))) {
        let message = format!("two reports would be written to `{}`: give one of the files another name", folder.display());
        return Err(Failure::usage(message));
    }
    let mut failures = Vec::new();
    for (at, ((path, report), folder)) in within(load_all(args, registry)?, memory).zip(&folders).enumerate() {
        if several {
            note(wanted.quiet, &format!("{}:", path.display()));
        }
        if several && at > 0 && out.is_none() {
            print("\n")?;
        }
        let state = wanted.state.map(|state| if several { state.join(path.file_stem().unwrap_or_default()) } else { state.to_owned() });
        if let Err(failure) = compute_report(&path, args, &report, &Wanted { out: folder.as_deref(), state: state.as_deref(), ..*wanted }) {
            failures.push((path.display().to_string(), failure));
        }
    }
    Failure::of_reports(several, failures)
}

/// That formats can go where they are wanted.
fn check_formats(formats: &[Format], has_folder: bool, is_terminal: bool) -> Result<(), Failure> {
    match formats {
        [_, _, ..] if !has_folder => Err(Failure::usage("several formats need a folder: add `--out DIR`")),
        [format @ (Format::Parquet | Format::Xlsx)] if !has_folder && is_terminal => {
            let what = if *format == Format::Parquet { "a Parquet file" } else { "a workbook" };
            Err(Failure::usage(format!("{what} is not for a terminal: add `--out DIR`, or send stdout to a file")))
        }
        _ => Ok(()),
    }
}

/// Writes a result into a folder, or into a dated one there.
fn write_to(result: &RunResult, formats: &[Format], folder: &Path, dated: Option<Date>, quiet: bool) -> Result<(), Failure> {
    let formats: BTreeSet<Format> = formats.iter().copied().collect();
    let formats: Vec<Format> = formats.into_iter().collect();
    let written = match dated {
        Some(date) => custometer_output::write_dated(result, &formats, folder, date),
        None => custometer_output::write_all(result, &formats, folder),
    };
    for path in written.map_err(Failure::run)? {
        note(quiet, &format!("wrote {}", path.display()));
    }
    Ok(())
}

fn compute_report(path: &Path, args: &ReportArgs, report: &Report, wanted: &Wanted<'_>) -> Result<(), Failure> {
    let &Wanted { formats, out, strict, quiet, .. } = wanted;
    if out.is_none() && report.requests.iter().any(|request| request.detail) {
        return Err(Failure::usage("the report asks for detail tables, which are files: add `--out DIR`"));
    }
    let bar = if quiet || !io::stderr().is_terminal() { ProgressBar::hidden() } else { ProgressBar::new_spinner() };
    let style = ProgressStyle::with_template("{spinner} {msg} {elapsed}{aside}").map_err(Failure::run)?;
    let watch = report.watch().clone();
    bar.set_style(style.with_key("aside", move |_: &ProgressState, text: &mut dyn fmt::Write| {
        if watch.aside() > 0 {
            let _ = write!(text, ", {} on disk", DecimalBytes(watch.aside()));
        }
    }));
    bar.enable_steady_tick(Duration::from_millis(100));
    let progress = |event: Event<'_>| match event {
        Event::Reading { table, files, bytes, .. } => {
            bar.set_message(format!("reading `{table}`: {}, {}", counted(files, "file"), HumanBytes(bytes)));
        }
        Event::Checking { files } => bar.set_message(format!("checking {}", counted(files, "file"))),
        _ => {}
    };
    let folder = folder_of(path);
    let result = match wanted.state {
        Some(state) => run_keeping(report, folder, &States::new(state), &progress).map(|(result, reuse)| (result, Some(reuse))),
        None => custometer_runner::run(report, folder, &progress).map(|result| (result, None)),
    };
    bar.finish_and_clear();
    let (result, reuse) = result.map_err(Failure::run)?;
    for text in reuse.iter().flat_map(state::words) {
        note(quiet, &text);
    }
    if report.watch().aside() > 0 {
        let (aside, limit) = (DecimalBytes(report.watch().aside()), DecimalBytes(report.memory.bytes()));
        note(quiet, &format!("{aside} were in `{}` meanwhile, so as to stay within {limit} of memory", report.memory.scratch().display()));
    }
    for Note { table, requests, text } in &result.notes {
        note(quiet, &format!("table `{table}`, for {}: {text}", requests.join(", ")));
    }
    let rejected = too_many_rejected(&result, report.max_rejected_percent);
    if let Some(rejected) = rejected.as_ref().filter(|_| strict) {
        return Err(Failure::run(format!("{rejected}; nothing was written")));
    }
    let day = || args.as_of.map_or_else(today, Ok);
    let memory = wanted.state.map(|folder| Memory::of(folder, day()?, &result, report, quiet)).transpose()?;
    if let Some(folder) = out {
        let dated = if wanted.dated { Some(day()?) } else { None };
        write_to(&result, formats, folder, dated, quiet)?;
    } else {
        show(&result, formats[0], quiet)?;
    }
    let tells = |alert| memory.as_ref().is_none_or(|memory| memory.tells(alert));
    let mut shortcomings = deliver::deliver(&result, report, &tells, wanted.dry_run, quiet).map_err(Failure::run)?;
    if let Some(memory) = memory {
        let is_told = shortcomings.is_empty() && !wanted.dry_run;
        memory.keep(&result, report, is_told, quiet)?;
    }
    shortcomings.extend(missed(&result).filter(|_| wanted.fail_on_target).map(Shortcoming::Target));
    shortcomings.extend(wanted.fail_on_alert.and_then(|least| fired(&result, least)).map(Shortcoming::Alert));
    shortcomings.extend(rejected.map(Shortcoming::Rejected));
    if wanted.fail_on_target {
        let unknown: Vec<String> = result.decided(Status::Unknown).map(|row| custometer_output::line(row, &result)).collect();
        note(quiet || unknown.is_empty(), &format!("{} unknown: {}", counted(unknown.len(), "target"), unknown.join("; ")));
    }
    if shortcomings.is_empty() { Ok(()) } else { Err(Failure::Done(shortcomings)) }
}

/// So many rows of a table are read on a terminal.
const MOST_ROWS: usize = 60;

/// Writes a result to stdout, and what its format has no room for to stderr.
fn show(result: &RunResult, format: Format, quiet: bool) -> Result<(), Failure> {
    let on = |is_terminal: bool, colors: bool| Terminal {
        width: comfy_table::Table::new().width().filter(|_| is_terminal),
        colors,
        rows: is_terminal.then_some(MOST_ROWS),
    };
    let stdout = on(io::stdout().is_terminal(), shows_colors(&io::stdout()));
    write(&custometer_output::render(result, format, Some(stdout)).map_err(Failure::run)?)?;
    if matches!(format, Format::Csv | Format::Parquet) {
        for alert in custometer_output::alerts(result) {
            note(quiet, &alert);
        }
        if !quiet && !result.rejected.is_empty() {
            let stderr = on(io::stderr().is_terminal(), shows_colors(&io::stderr()));
            let _ = write!(io::stderr(), "{}", custometer_output::rejected(result, stderr));
        }
    }
    Ok(())
}

/// Says which targets are missed, if any are.
fn missed(result: &RunResult) -> Option<String> {
    let missed: Vec<String> = result.decided(Status::Missed).map(|row| custometer_output::line(row, result)).collect();
    (!missed.is_empty()).then(|| format!("{} missed: {}", counted(missed.len(), "target"), missed.join("; ")))
}

/// Says which alerts of at least a severity fired, if any did.
fn fired(result: &RunResult, least: Severity) -> Option<String> {
    let mut fired: Vec<String> = Vec::new();
    for alert in result.alerts.iter().filter(|alert| alert.severity >= least) {
        let line = format!("{} ({})", alert.name, alert.severity.as_str());
        if !fired.contains(&line) {
            fired.push(line);
        }
    }
    (!fired.is_empty()).then(|| format!("{} fired: {}", counted(fired.len(), "alert"), fired.join(", ")))
}

/// Says which tables had more rows rejected than the report allows, if any had.
pub fn too_many_rejected(result: &RunResult, max_percent: f64) -> Option<String> {
    let beyond = result.rejected_beyond(max_percent);
    let tables: Vec<String> = beyond
        .iter()
        .map(|(table, (rejected, read))| match read.shown() {
            Some(read) => format!("{rejected} of {read} rows of `{table}` ({:.2} %)", 100.0 * *rejected as f64 / read as f64),
            None => format!("{rejected} rows of `{table}`"),
        })
        .collect();
    (!tables.is_empty()).then(|| format!("more rows were rejected than the {max_percent} % that the report allows: {}", tables.join(", ")))
}

/// Reports that are to get along with so much memory.
fn within(reports: Vec<(PathBuf, Report)>, memory: &MemoryLimit) -> impl Iterator<Item = (PathBuf, Report)> {
    reports.into_iter().map(|(path, mut report)| {
        report.memory = memory.clone();
        (path, report)
    })
}

/// Reads all reports, and says everything that is wrong with any of them.
fn load_all(args: &ReportArgs, registry: &Registry) -> Result<Vec<(PathBuf, Report)>, Failure> {
    let mut loaded = Vec::new();
    let mut failures = Vec::new();
    for path in &args.paths {
        match load(path, args, registry) {
            Ok(report) => loaded.push((path.clone(), report)),
            Err(failure) => failures.push((path.display().to_string(), failure)),
        }
    }
    Failure::of_reports(args.paths.len() > 1, failures).map(|()| loaded)
}

fn load(path: &Path, args: &ReportArgs, registry: &Registry) -> Result<Report, Failure> {
    with_input(path, args, |input| custometer_runner::load(input, registry))?.map_err(Failure::Report)
}

/// Reads a report's file, and hands it on.
fn with_input<T>(path: &Path, args: &ReportArgs, then: impl FnOnce(&Input<'_>) -> T) -> Result<T, Failure> {
    let name = path.display().to_string();
    let text = fs::read_to_string(path).map_err(|error| Failure::usage(format!("`{name}` can't be read: {error}")))?;
    Ok(then(&input(&name, &text, folder_of(path), args)?))
}

/// A program of the command line gives no rows itself: it reads files.
static NOTHING_GIVEN: BTreeMap<String, Arc<GivenRows>> = BTreeMap::new();

/// A config, what its paths are relative to, and what the command line changes of it.
fn input<'a>(name: &'a str, text: &'a str, folder: &'a Path, args: &'a ReportArgs) -> Result<Input<'a>, Failure> {
    Ok(Input {
        name,
        text,
        folder,
        settings: &args.settings,
        as_of: args.as_of,
        // Not asked where it is not needed: a clock may be wrong.
        today: if args.as_of.is_some() { None } else { Some(today()?) },
        environment: &|name| std::env::var(name).ok(),
        given: &NOTHING_GIVEN,
    })
}

/// The only clock that is read: when nobody says up to when the data are known, it is up to now.
#[expect(clippy::disallowed_methods, reason = "the command line is where the clock is read")]
fn today() -> Result<Date, Failure> {
    date_of(SystemTime::now())
        .ok_or_else(|| Failure::usage("the clock of this computer can't be right: set it, or say `--as-of` with the date to compute for"))
}

/// The local date of an instant; none where it lies beyond the years that a calendar has.
fn date_of(now: SystemTime) -> Option<Date> {
    let date = jiff::Timestamp::try_from(now).ok()?.to_zoned(jiff::tz::TimeZone::system()).date();
    // Periods end after today, and comparisons reach some years from it.
    (1970..=9000).contains(&date.year()).then_some(date)
}

/// Polars takes any number from this variable, and panics later where it can't be one of threads.
fn check_threads(written: Option<OsString>) -> Result<(), Failure> {
    match written {
        None => Ok(()),
        Some(written) if written.is_empty() => Ok(()),
        Some(written) => match written.to_str().and_then(|number| number.parse().ok()) {
            Some(1..=MOST_THREADS) => Ok(()),
            _ => Err(Failure::usage(format!(
                "the environment variable `{THREADS}` is `{}`: set it to a number from 1 to {MOST_THREADS}, or to nothing",
                written.display()
            ))),
        },
    }
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

fn samples(out: &Path, tables: &[sample::Table], of: impl Fn(sample::Table) -> SampleOptions) -> Result<(), Failure> {
    fs::create_dir_all(out).map_err(Failure::run)?;
    let tables = if tables.is_empty() { &sample::Table::ALL[..] } else { tables };
    for &table in tables {
        let options = of(table);
        let path = out.join(format!("{}.{}", table.name(), options.format.extension()));
        let written = sample::write(&options, &path).map_err(Failure::run)?;
        note(false, &format!("wrote {} ({written} rows)", path.display()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_beyond_the_calendar_is_no_date() {
        let at = |seconds| SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds));
        // 2025-06-01T12:00:00Z, 9999-12-31T23:59:59Z, and a year that no calendar here has.
        assert_eq!(date_of(at(1_748_779_200).unwrap()), Some(jiff::civil::date(2025, 6, 1)));
        assert_eq!(date_of(at(253_402_300_799).unwrap()), None);
        assert_eq!(at(400_000_000_000).and_then(date_of), None);
    }

    #[test]
    fn threads_are_a_number_from_one_on() {
        let check = |written: &str| check_threads(Some(written.into())).map_err(|failure| failure.render());
        for good in ["", "1", "8", "1024"] {
            assert_eq!(check(good), Ok(()));
        }
        for bad in ["0", "-1", "many", "1025", "99999999999999999999"] {
            let expected = "error: the environment variable `POLARS_MAX_THREADS` is `{}`: set it to a number from 1 to 1024, or to nothing";
            assert_eq!(check(bad), Err(expected.replace("{}", bad)));
        }
    }
}
