//! The command line's shape.

use std::path::PathBuf;

use bytesize::ByteSize;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Parser, Subcommand, ValueEnum};
use custometer_output::Format;
use custometer_runner::MemoryLimit;
use jiff::civil::Date;

use crate::sample;

/// What the exit code of `run` says.
const EXIT_CODES: &str = "Exit codes:
  0  done
  1  the run failed, or an alert could not be delivered
  2  the command line, the config or the columns of the data are wrong
  3  done, and a target is missed, with --fail-on-target
  4  done, but with more rejected rows than the report allows
  5  done, and an alert fired, with --fail-on-alert

Of several, the first of 2, 1, 3, 5 and 4 counts.";

/// Customer metrics one can trust, from the exports that every company already has.
#[derive(Debug, Parser)]
#[command(name = "custometer", version, propagate_version = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Compute a report, or several one after the other.
    #[command(after_long_help = EXIT_CODES)]
    Run {
        #[command(flatten)]
        report: ReportArgs,
        #[command(flatten)]
        memory: MemoryArgs,
        /// What to write; several with --out.
        #[arg(long, value_parser = formats(), default_value = "table", value_delimiter = ',')]
        format: Vec<Format>,
        /// A folder for the results, one file per format, and one folder per report of several; without it the result goes to stdout.
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
        /// Write into DIR/DATE, of the as-of date or today, and let DIR/latest lead there.
        #[arg(long, requires = "out")]
        dated: bool,
        /// End with exit code 3 when a target is missed.
        #[arg(long)]
        fail_on_target: bool,
        /// End with exit code 5 when an alert of this severity or a graver one fires.
        #[arg(long, value_enum, value_name = "SEVERITY", num_args = 0..=1, require_equals = true, default_missing_value = "info")]
        fail_on_alert: Option<Severity>,
        /// Send no alert to its webhook and no mail, and show what would be sent.
        #[arg(long)]
        dry_run: bool,
        /// A folder that remembers: the run is kept there, alerts are told once, it is said which final values changed since the last run, and of files
        /// that are as they were, what is kept of them is taken.
        #[arg(long, value_name = "DIR")]
        state: Option<PathBuf>,
        /// Fail, and write nothing, when more rows are rejected than the report allows.
        #[arg(long)]
        strict: bool,
        /// Serve the report to the browsers of this machine, and compute it anew whenever it or its data change. No alert is sent.
        #[arg(long, conflicts_with_all = ["format", "out", "dated", "fail_on_target", "fail_on_alert", "dry_run", "state", "strict"])]
        watch: bool,
        /// The port to serve at; any that is free unless said.
        #[arg(long, requires = "watch", default_value_t = 0, hide_default_value = true)]
        port: u16,
        /// Show no progress.
        #[arg(long, short)]
        quiet: bool,
    },
    /// Compute one metric of files in one line.
    Compute(ComputeArgs),
    /// Show what `run --state` keeps of each file: how many rows it has, how large it is, and when it was used.
    State {
        /// The folder.
        #[arg(value_name = "DIR")]
        folder: PathBuf,
        /// Remove what is kept of files: the next run reads all of them. Runs stay.
        #[arg(long)]
        prune: bool,
    },
    /// Show stored results in another format, without the data.
    View {
        /// The results as JSON, as `run --format json` writes them; - for the standard input.
        #[arg(value_name = "RESULTS")]
        results: PathBuf,
        /// What to write; several with --out.
        #[arg(long, value_parser = formats(), default_value = "table", value_delimiter = ',')]
        format: Vec<Format>,
        /// A folder for the results, one file per format; without it the result goes to stdout.
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
        /// Say nothing but what is asked for.
        #[arg(long, short)]
        quiet: bool,
    },
    /// Check a report and its files' columns without computing anything.
    Validate {
        #[command(flatten)]
        report: ReportArgs,
        /// How problems are told: in words, as JSON, or as SARIF for the annotations of a code host.
        #[arg(long, value_enum, default_value = "text")]
        format: ValidateFormat,
    },
    /// Say which values of two runs differ, and why: cause by cause.
    Diff {
        /// The earlier one: a file of results as JSON, or with --state the name or the date of a run.
        #[arg(value_name = "OLD")]
        old: String,
        /// The later one.
        #[arg(value_name = "NEW")]
        new: String,
        /// The folder that runs are kept in.
        #[arg(long, value_name = "DIR")]
        state: Option<PathBuf>,
        /// What to write.
        #[arg(long, value_enum, default_value = "table")]
        format: InspectFormat,
        /// End with exit code 6 when a value differs.
        #[arg(long)]
        fail_on_change: bool,
    },
    /// Show how a report will be computed: scans, shared steps, roll-ups.
    Explain {
        #[command(flatten)]
        report: ReportArgs,
        #[command(flatten)]
        memory: MemoryArgs,
        /// Show Polars' optimised plans too.
        #[arg(long)]
        plan: bool,
    },
    /// Say what files hold and how to read them, with a block to paste into a report.
    Inspect {
        /// The files, or folders of files. Files with the same columns are taken for one table.
        #[arg(value_name = "FILE", required = true)]
        paths: Vec<String>,
        /// What to write.
        #[arg(long, value_enum, default_value = "table")]
        format: InspectFormat,
    },
    /// Write a first report on files: how they are read, and what to compute of them. What can be meant in two ways is asked on a terminal, and
    /// otherwise left as a comment.
    Init {
        /// The files, or folders of files.
        #[arg(value_name = "FILE", required = true)]
        paths: Vec<String>,
        /// The pack that the files are of; by default each file is of the pack that knows it, if one does.
        #[arg(long, value_name = "NAME")]
        pack: Option<String>,
        /// The report to write.
        #[arg(long, value_name = "FILE", default_value = "report.toml")]
        out: PathBuf,
        /// Write over a report that is there already.
        #[arg(long)]
        force: bool,
    },
    /// List and describe what can be computed.
    Metrics {
        #[command(subcommand)]
        command: MetricsCommand,
    },
    /// List and describe the packs: how exports of known systems are read.
    Packs {
        #[command(subcommand)]
        command: PacksCommand,
        /// The folder of packs of your own.
        #[arg(long, value_name = "DIR", default_value = "packs", global = true)]
        dir: PathBuf,
    },
    /// Start something of your own.
    New {
        #[command(subcommand)]
        command: NewCommand,
    },
    /// Write the reference of all linked metrics: a Markdown page for each, and an index.
    Docs {
        /// The folder to write to. Pages there of metrics that no longer exist are removed.
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
        /// The SUMMARY.md of an mdBook; its part `# Reference` will list the pages.
        #[arg(long, value_name = "FILE")]
        summary: Option<PathBuf>,
    },
    /// Print the JSON Schema of reports, for editors that complete and check.
    Schema {
        /// A report whose own tables, columns and names the schema is to know. It need not be in order.
        #[arg(long = "for", value_name = "REPORT")]
        report: Option<PathBuf>,
    },
    /// Print a shell's completion script.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Write the manual: a page for each command.
    #[command(hide = true)]
    Man {
        /// The folder to write to.
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
    },
    /// Write invented tables: believable, of any size, and always the same for the same seed.
    Sample {
        /// The folder to write to.
        #[arg(long, value_name = "DIR", default_value = "datasets")]
        out: PathBuf,
        /// Which tables; all of them by default.
        #[arg(long, value_enum, value_delimiter = ',')]
        table: Vec<sample::Table>,
        /// How many rows each table gets; by default enough for a first look.
        #[arg(long)]
        rows: Option<u64>,
        /// How many people there are, some of whom do nothing; by default as many as the rows need.
        #[arg(long)]
        people: Option<u64>,
        /// The seed of the random numbers.
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// The files' format.
        #[arg(long, value_enum, default_value = "csv")]
        format: sample::Format,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum MetricsCommand {
    /// List every metric that is linked into this program.
    List {
        /// What to write: a line for each, or all that is known of them.
        #[arg(long, value_enum, default_value = "table")]
        format: MetricsFormat,
    },
    /// Describe a metric: definition, inputs, parameters, edge cases, examples.
    Describe {
        /// The metric's id, such as loyalty.nps.
        id: String,
        /// What to write: a page for people, or data.
        #[arg(long, value_enum, default_value = "table")]
        format: MetricsFormat,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum PacksCommand {
    /// List every pack and its tables.
    List,
    /// Describe a pack, or one of its tables: how its files are recognised and read, and what is computed of them.
    Describe {
        /// The pack, such as stripe, or one of its tables, such as stripe.subscriptions.
        name: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum NewCommand {
    /// A crate of metrics: one metric, its tests, a report over some rows, and a program that has it beside the built-in metrics.
    Metrics {
        /// The name of the crate and its folder; the ids of its metrics begin with the part before `-metrics`.
        name: String,
        /// A checkout of custometer to build against; by default the published version.
        #[arg(long, value_name = "DIR")]
        path: Option<PathBuf>,
        /// With a folder `python` that makes a wheel of it: the program and the module, with its metrics beside the built-in ones.
        #[arg(long)]
        python: bool,
    },
}

/// Reports and what the command line changes of them.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct ReportArgs {
    /// The report's config, or those of several.
    #[arg(value_name = "REPORT", required = true)]
    pub(crate) paths: Vec<PathBuf>,
    /// The data are known up to the start of this date; by default the report's date, or today. Buckets that end later are partial.
    #[arg(long, value_name = "DATE")]
    pub(crate) as_of: Option<Date>,
    /// Change a setting, such as report.grain=week, or a variable, such as variables.region=North.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub(crate) settings: Vec<String>,
}

/// How much memory there is, and where what is beyond goes.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct MemoryArgs {
    /// How much memory to take, such as 4GB; by default three quarters of what the machine or the container has. What does not fit is kept on disk
    /// while the run lasts; the results are the same.
    #[arg(long, value_name = "SIZE", value_parser = memory_size)]
    pub(crate) memory: Option<u64>,
    /// The folder for what does not fit into memory; by default that of the system for temporary files.
    #[arg(long, value_name = "DIR", value_parser = folder)]
    pub(crate) scratch: Option<PathBuf>,
}

impl From<MemoryArgs> for MemoryLimit {
    fn from(args: MemoryArgs) -> Self {
        Self { bytes: args.memory, scratch: args.scratch }
    }
}

/// A number of bytes, as people write it, such as 4GB.
pub fn memory_size(written: &str) -> Result<u64, String> {
    match written.parse::<ByteSize>() {
        Ok(size) if size >= ByteSize::mb(1) => Ok(size.as_u64()),
        Ok(_) => Err("less than a megabyte: write a number with its unit, such as 4GB or 512MiB".to_owned()),
        Err(_) => Err("write a number with its unit, such as 4GB or 512MiB".to_owned()),
    }
}

/// A folder that is there.
fn folder(written: &str) -> Result<PathBuf, String> {
    let folder = PathBuf::from(written);
    if folder.is_dir() { Ok(folder) } else { Err("there is no such folder".to_owned()) }
}

/// One metric of files, and what differs from the defaults.
#[derive(Debug, clap::Args)]
pub(crate) struct ComputeArgs {
    /// The metric's id, such as loyalty.nps.
    #[arg(value_name = "METRIC")]
    pub(crate) metric: String,
    /// The files of one table, or - for the standard input.
    #[arg(value_name = "FILE", required = true)]
    pub(crate) files: Vec<String>,
    /// Break down by columns, with commas between them; "" for the total. May be said several times.
    #[arg(long, value_name = "COLUMNS")]
    pub(crate) by: Vec<String>,
    /// The length of the buckets: day, week, month, quarter, year or total.
    #[arg(long)]
    pub(crate) grain: Option<String>,
    /// The first day of the period.
    #[arg(long, value_name = "DATE", requires = "until", conflicts_with = "last")]
    pub(crate) from: Option<Date>,
    /// The day after the last day of the period.
    #[arg(long, value_name = "DATE", requires = "from")]
    pub(crate) until: Option<Date>,
    /// So many units up to the as-of date, or today, such as "12 months".
    #[arg(long, value_name = "UNITS")]
    pub(crate) last: Option<String>,
    /// The data are known up to the start of this date.
    #[arg(long, value_name = "DATE")]
    pub(crate) as_of: Option<Date>,
    /// The IANA time zone that days are local to, and that times without one are in.
    #[arg(long, value_name = "ZONE")]
    pub(crate) timezone: Option<String>,
    /// An SQL condition: other rows are left out.
    #[arg(long = "where", value_name = "SQL")]
    pub(crate) condition: Option<String>,
    /// A parameter of the metric.
    #[arg(long, value_name = "NAME=VALUE")]
    pub(crate) param: Vec<String>,
    /// The file's column that a name of the metric stands for, such as amount=Total.
    #[arg(long, value_name = "NAME=COLUMN")]
    pub(crate) column: Vec<String>,
    /// Another setting of the report that this amounts to, such as report.confidence=0.9.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub(crate) settings: Vec<String>,
    #[command(flatten)]
    pub(crate) memory: MemoryArgs,
    /// What to write.
    #[arg(long, value_parser = formats(), default_value = "table")]
    pub(crate) format: Format,
    /// Print the report that this amounts to, and compute nothing.
    #[arg(long)]
    pub(crate) explain: bool,
    /// Show no progress.
    #[arg(long, short)]
    pub(crate) quiet: bool,
}

/// A format of what `inspect` and `diff` say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum InspectFormat {
    Table,
    Json,
}

/// A format of what is told of metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum MetricsFormat {
    Table,
    Json,
}

/// A format of what `validate` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ValidateFormat {
    Text,
    Json,
    Sarif,
}

/// How grave an alert is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Severity {
    Info,
    Warning,
    Critical,
}

impl From<Severity> for custometer_runner::result::Severity {
    fn from(severity: Severity) -> Self {
        match severity {
            Severity::Info => Self::Info,
            Severity::Warning => Self::Warning,
            Severity::Critical => Self::Critical,
        }
    }
}

/// The formats of results, by their names.
fn formats() -> impl TypedValueParser<Value = Format> {
    PossibleValuesParser::new(Format::ALL.map(Format::as_str)).try_map(|name| name.parse::<Format>())
}
