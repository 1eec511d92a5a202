//! Damaged rows: each is rejected and told with its place and text, and no value changes for it, in whatever file it lies.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use custometer_core::{Column, ColumnType, Domain, NullRule};
use polars::prelude::{DataFrame, DataType, IntoColumn, NamedFrom, ParquetWriter, PolarsResult, Series, TimeUnit, TimeZone};
use serde_json::{Map, Value as Json};

use super::law::{Law, Violation};
use super::results::differ;
use super::variant::{Variant, quietly};
use crate::case::Case;
use crate::input::{self, Chance, GROUP, Input};
use crate::table::CsvCell as _;

/// The text of a cell, where it has one.
type Written = Option<String>;

/// What is wrong with a row. The first ones are of one cell, the others of the row as it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fault {
    /// Text where a number, a time or a flag is expected.
    Unreadable,
    /// A number that stands for none.
    NotFinite,
    /// A day that no calendar has.
    DateThatNeverWas,
    /// Nothing where there must be something.
    Missing,
    /// A value of the type that can't be.
    Impossible,
    ShortRow,
    WideRow,
    /// A byte that no UTF-8 text has.
    BrokenText,
}

use Fault::{BrokenText, DateThatNeverWas, Impossible, Missing, NotFinite, ShortRow, Unreadable, WideRow};

impl Fault {
    /// What stands in a damaged cell of a column, which may be nothing; none where the fault can't be there.
    fn cell(self, column: &Column) -> Option<Written> {
        let text = |text: &str| Some(Some(text.to_owned()));
        match (self, column.kind, column.domain) {
            (Missing, ..) => (column.nulls == NullRule::Reject).then_some(None),
            (Unreadable, ColumnType::Number, _) => text("12 or so"),
            (Unreadable, ColumnType::Time, _) => text("yesterday"),
            (Unreadable, ColumnType::Boolean, _) => text("maybe"),
            (NotFinite, ColumnType::Number, _) => text("NaN"),
            (DateThatNeverWas, ColumnType::Time, _) => text("2025-02-30T10:00:00Z"),
            (Impossible, _, Domain::Between { max, .. }) if max.is_finite() => text(&(max + 1.0).to_string()),
            (Impossible, _, Domain::Between { min, .. }) if min.is_finite() => text(&(min - 1.0).to_string()),
            (Impossible, _, Domain::Whole { min, .. }) => text(&(min as f64 + 0.5).to_string()),
            (Impossible, _, Domain::Years { .. }) => text("0001-01-01T00:00:00Z"),
            (Impossible, _, Domain::OneOf(_)) => text("no such word"),
            _ => None,
        }
    }
}

/// How rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Layout {
    Csv,
    /// CSV whose numbers and times are converted by the report's own SQL.
    Cast,
    Json,
    /// Parquet with nothing but text.
    Texts,
    /// Parquet with types.
    Typed,
}

impl Layout {
    const ALL: [Self; 5] = [Self::Csv, Self::Cast, Self::Json, Self::Texts, Self::Typed];

    fn name(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Cast => "cast",
            Self::Json => "json",
            Self::Texts => "texts",
            Self::Typed => "typed",
        }
    }

    fn file(self, table: &str) -> String {
        let extension = match self {
            Self::Csv | Self::Cast => "csv",
            Self::Json => "ndjson",
            Self::Texts | Self::Typed => "parquet",
        };
        format!("{table}.{extension}")
    }

    fn is_text(self) -> bool {
        matches!(self, Self::Csv | Self::Cast)
    }

    /// The faults that can be written so.
    fn faults(self) -> &'static [Fault] {
        match self {
            Self::Csv => &[Unreadable, NotFinite, DateThatNeverWas, Missing, Impossible, ShortRow, WideRow, BrokenText],
            // The others are those of the files themselves.
            Self::Cast => &[Unreadable],
            Self::Json | Self::Texts => &[Unreadable, NotFinite, DateThatNeverWas, Missing, Impossible],
            Self::Typed => &[NotFinite, Missing, Impossible],
        }
    }
}

/// What is wrong with a row, and the position of the damaged cell where it is one.
type Damage = (Fault, Option<usize>);

/// A row that was damaged on purpose.
struct Planted {
    fault: Fault,
    /// Its number in the file, from 1.
    row: u64,
    /// The damaged cell's column, as the file calls it, and what stands there.
    column: Option<String>,
    cell: Option<String>,
}

/// A table with damaged rows in it.
struct Damaged {
    layout: Layout,
    rows: Vec<(Vec<Written>, Option<Fault>)>,
    planted: Vec<Planted>,
}

impl Variant {
    /// Damages a row in each way and each column, in each sort of file, and looks for them in the ledger and in the values.
    pub(super) fn faults(&self) -> Vec<Violation> {
        let Some(input) = self.inputs.first().map(|input| input.clone().in_groups()) else { return Vec::new() };
        let columns = input::columns(&self.definition);
        let templates = self.whole_rows(&input, &columns);
        if templates.is_empty() {
            return vec![self.violation(Law::NothingWrongGetsIn, Some(&input), "a made-up row that lacks nothing", "none")];
        }
        let mut chance = Chance::seeded(7);
        let tables: Vec<Damaged> =
            Layout::ALL.iter().map(|&layout| Self::damage(&input, &columns, &templates, layout, &mut chance)).collect();
        match self.run_damaged(&input, &columns, &tables) {
            Ok(result) => tables.iter().filter_map(|table| self.gets_in(&input, table, &result)).take(1).collect(),
            Err(failure) => vec![self.violation(Law::NothingWrongGetsIn, Some(&input), "results without the damaged rows", failure)],
        }
    }

    /// Rows that have a cell in every column, and a time that is reported.
    fn whole_rows(&self, input: &Input, columns: &[Column]) -> Vec<Vec<Written>> {
        let time = self.definition.source.time.and_then(|time| input.position(time));
        let is_whole = |row: &&Vec<Written>| {
            let has_all = columns.iter().all(|column| input.position(column.name).is_some_and(|position| row[position].is_some()));
            has_all && time.is_none_or(|time| row[time].as_deref().is_some_and(input::is_reported))
        };
        let mut rows: Vec<Vec<Written>> = input.rows.iter().filter(is_whole).cloned().collect();
        // Where rejected rows decide what becomes of others, a damaged one must be of an entity of its own.
        let source = &self.definition.source;
        if source.all_or_none.is_some() || source.rules.iter().any(|rule| rule.sees_rejected) {
            let ids = columns.iter().filter(|column| column.kind == ColumnType::Identifier);
            let ids: Vec<usize> = ids.filter_map(|column| input.position(column.name)).collect();
            for (number, row) in rows.iter_mut().enumerate() {
                for &id in &ids {
                    row[id] = Some(format!("planted{number}"));
                }
            }
        }
        rows
    }

    /// The rows with one more for each fault of each column, somewhere among them.
    fn damage(input: &Input, columns: &[Column], templates: &[Vec<Written>], layout: Layout, chance: &mut Chance) -> Damaged {
        let mut rows: Vec<(Vec<Written>, Option<Damage>)> = input.rows.iter().map(|row| (row.clone(), None)).collect();
        for &fault in layout.faults() {
            let damages: Vec<Option<(usize, Written)>> = if matches!(fault, ShortRow | WideRow | BrokenText) {
                vec![None]
            } else {
                let damaged = columns.iter().filter_map(|column| Some((input.position(column.name)?, fault.cell(column)?)));
                damaged.map(Some).collect()
            };
            for damage in damages {
                let mut row = chance.of(templates).cloned().unwrap_or_default();
                let at = damage.map(|(position, cell)| {
                    row[position] = cell;
                    position
                });
                let among = chance.below(rows.len() + 1);
                rows.insert(among, (row, Some((fault, at))));
            }
        }
        let is_cast = |position: usize| layout == Layout::Cast && is_converted(columns, &input.header[position]);
        let written = |position: usize| if is_cast(position) { raw(&input.header[position]) } else { input.header[position].clone() };
        let planted = rows.iter().zip(1..).filter_map(|((row, damage), number)| {
            let (fault, at) = (*damage)?;
            Some(Planted { fault, row: number, column: at.map(written), cell: at.and_then(|at| row[at].clone()) })
        });
        let planted = planted.collect();
        Damaged { layout, planted, rows: rows.into_iter().map(|(row, damage)| (row, damage.map(|(fault, _)| fault))).collect() }
    }

    /// A report over each of the tables, and over each of the same rows without the damaged ones.
    fn run_damaged(&self, input: &Input, columns: &[Column], tables: &[Damaged]) -> Result<custometer_runner::RunResult, String> {
        let mut config = format!("[report]\nmax_rejected_percent = 100\nrejected_rows = true\n{}\n", input.report);
        let mut case = Case::knowing(custometer_core::Registry::of([self.metric]).map_err(|error| error.to_string())?);
        for table in tables {
            let whole: Vec<_> = table.rows.iter().filter(|(_, fault)| fault.is_none()).cloned().collect();
            for (name, rows) in [(table.layout.name().to_owned(), &table.rows), (format!("{}_whole", table.layout.name()), &whole)] {
                let file = table.layout.file(&name);
                case = case.file(&file, written(table.layout, input, columns, rows).map_err(|error| error.to_string())?);
                let encoding = if table.layout.is_text() { "encoding = \"utf-8\"\n" } else { "" };
                let derive = if table.layout == Layout::Cast { derived(columns) } else { String::new() };
                // Writing to a string does not fail.
                let _ = write!(
                    config,
                    "[tables.{name}]\npath = \"{file}\"\n{encoding}{derive}[[metrics]]\nname = \"{name}\"\nmetric = \"{}\"\ntable = \"{name}\"\n\
                     by = [[], [\"{GROUP}\"]]\n[metrics.params]\n{}\n",
                    self.metric.about.id, self.params
                );
            }
        }
        quietly(|| case.run(&config)).unwrap_or_else(|| Err("a panic".to_owned()))
    }

    /// What a damaged table shows that it must not.
    fn gets_in(&self, input: &Input, table: &Damaged, result: &custometer_runner::RunResult) -> Option<Violation> {
        let name = table.layout.name();
        let lines: Vec<String> =
            table.rows.iter().map(|(row, _)| row.iter().map(|cell| cell.as_deref().to_csv()).collect::<Vec<_>>().join(",")).collect();
        let shown = Input { title: format!("{name}, which has damaged rows"), ..input.clone() };
        let violation = |expected: String, found: String| {
            let mut violation = self.violation(Law::NothingWrongGetsIn, Some(&shown), expected, found);
            violation.input = Some(format!("{}\n{}\n{}\n{}", shown.title, shown.report, shown.header.join(","), lines.join("\n")));
            violation
        };
        let rejected = rejected(result, &table.layout.file(name));
        for planted in &table.planted {
            let what =
                format!("row {} to be rejected ({:?} in {})", planted.row, planted.fault, planted.column.as_deref().unwrap_or("the row"));
            match rejected.get(&planted.row) {
                None => return Some(violation(what, "nothing of it in the ledger".to_owned())),
                Some((reason, column, value)) => {
                    let is_told = planted.column.is_none()
                        || planted.fault == Missing
                        || (column.as_deref() == planted.column.as_deref() && is_same(value.as_deref(), planted.cell.as_deref()));
                    if !is_told {
                        let expected = format!("{what}, with its column and its text {:?}", planted.cell.as_deref().unwrap_or_default());
                        return Some(violation(expected, format!("{reason}: {column:?} = {value:?}")));
                    }
                }
            }
        }
        // The same rows are rejected without the damaged ones, by the numbers that they have then.
        let planted: BTreeSet<u64> = table.planted.iter().map(|planted| planted.row).collect();
        let whole = self::rejected(result, &table.layout.file(&format!("{name}_whole")));
        let whole: BTreeMap<u64, &str> = whole.iter().map(|(row, (reason, ..))| (*row, reason.as_str())).collect();
        let others = rejected.iter().filter(|(row, _)| !planted.contains(row));
        let others: BTreeMap<u64, &str> =
            others.map(|(row, (reason, ..))| (row - planted.range(..row).count() as u64, reason.as_str())).collect();
        if others != whole {
            let only_in = |one: &BTreeMap<u64, &str>, other: &BTreeMap<u64, &str>| -> Vec<String> {
                one.iter()
                    .filter(|(row, reason)| other.get(row) != Some(reason))
                    .map(|(row, reason)| format!("row {row}: {reason}"))
                    .collect()
            };
            return Some(violation(
                format!("the same other rows rejected, as without the damaged ones; {:?}", only_in(&whole, &others)),
                format!("{:?}", only_in(&others, &whole)),
            ));
        }
        let of = |name: &str| result.results.iter().filter(|row| row.request == name).collect::<Vec<_>>();
        let (expected, found) = differ(&of(&format!("{name}_whole")), &of(name))?;
        Some(violation(format!("{expected}, as without the damaged rows"), found))
    }
}

/// Whether two cells say the same: types write a number or a time in another way.
fn is_same(one: Option<&str>, other: Option<&str>) -> bool {
    let number = |cell: Option<&str>| cell.and_then(|cell| cell.parse::<f64>().ok());
    let time = |cell: Option<&str>| cell.and_then(|cell| cell.parse::<jiff::Timestamp>().ok());
    one == other || number(one).is_some() && number(one) == number(other) || time(one).is_some() && time(one) == time(other)
}

/// The rejected rows of a file, by number: why, and which column has which text.
fn rejected(result: &custometer_runner::RunResult, file: &str) -> BTreeMap<u64, (String, Option<String>, Option<String>)> {
    let Some(frame) = &result.rejected_rows else { return BTreeMap::new() };
    let text = |column: &str, row: usize| -> Option<String> { frame.column(column).ok()?.str().ok()?.get(row).map(str::to_owned) };
    let number = |row: usize| -> Option<u64> { frame.column("row").ok()?.u64().ok()?.get(row) };
    let rows = (0..frame.height()).filter(|&row| text("file", row).as_deref() == Some(file));
    rows.filter_map(|row| Some((number(row)?, (text("reason", row)?, text("column", row), text("value", row))))).collect()
}

fn is_converted(columns: &[Column], name: &str) -> bool {
    columns.iter().any(|column| column.name == name && matches!(column.kind, ColumnType::Number | ColumnType::Time))
}

/// The name of a column before a report converts it.
fn raw(name: &str) -> String {
    format!("raw_{name}")
}

/// How a report converts them.
fn derived(columns: &[Column]) -> String {
    let mut derive = String::new();
    for column in columns.iter().filter(|column| is_converted(columns, column.name)) {
        let raw = raw(column.name);
        let converted = match column.kind {
            ColumnType::Time => format!("CAST({raw} AS TIMESTAMP)"),
            _ => format!("CAST({raw} AS DOUBLE)"),
        };
        // Writing to a string does not fail.
        let _ = writeln!(derive, "derive.{} = \"{converted}\"", column.name);
    }
    derive
}

/// Makes a column of the cells under a name.
type MakeSeries<'a> = dyn Fn(&str, &[Option<&str>]) -> PolarsResult<Series> + 'a;

/// Rows as a file.
fn written(layout: Layout, input: &Input, columns: &[Column], rows: &[(Vec<Written>, Option<Fault>)]) -> PolarsResult<Vec<u8>> {
    let kind = |name: &str| columns.iter().find(|column| column.name == name).map_or(ColumnType::Text, |column| column.kind);
    let frame = |series: &MakeSeries<'_>| -> PolarsResult<Vec<u8>> {
        let mut made = Vec::new();
        for (position, name) in input.header.iter().enumerate() {
            let cells: Vec<Option<&str>> = rows.iter().map(|(row, _)| row[position].as_deref()).collect();
            made.push(series(name, &cells)?.into_column());
        }
        let mut file = Vec::new();
        ParquetWriter::new(&mut file).finish(&mut DataFrame::new(rows.len(), made)?)?;
        Ok(file)
    };
    match layout {
        Layout::Csv | Layout::Cast => {
            let is_raw = |name: &str| layout == Layout::Cast && is_converted(columns, name);
            let header = input.header.iter().map(|name| if is_raw(name) { raw(name) } else { name.clone() });
            let mut file = header.collect::<Vec<_>>().join(",").into_bytes();
            for (row, fault) in rows {
                let mut cells: Vec<String> = row.iter().map(|cell| cell.as_deref().to_csv()).collect();
                match fault {
                    Some(ShortRow) => drop(cells.pop()),
                    Some(WideRow) => cells.push("more".to_owned()),
                    _ => {}
                }
                file.push(b'\n');
                file.extend(cells.join(",").bytes());
                if *fault == Some(BrokenText) {
                    file.push(0xff);
                }
            }
            file.push(b'\n');
            Ok(file)
        }
        Layout::Json => {
            let value = |name: &str, cell: &str| match kind(name) {
                ColumnType::Number => {
                    cell.parse::<f64>().ok().filter(|number| number.is_finite()).map_or_else(|| Json::from(cell), Json::from)
                }
                ColumnType::Boolean => cell.parse::<bool>().map_or_else(|_| Json::from(cell), Json::from),
                _ => Json::from(cell),
            };
            let object = |(row, _): &(Vec<Written>, Option<Fault>)| -> String {
                let cells = input.header.iter().zip(row);
                let cells = cells.filter_map(|(name, cell)| Some((name.clone(), value(name, cell.as_deref()?))));
                Json::Object(cells.collect::<Map<_, _>>()).to_string() + "\n"
            };
            Ok(rows.iter().map(object).collect::<String>().into_bytes())
        }
        Layout::Texts => frame(&|name, cells| Ok(Series::new(name.into(), cells))),
        Layout::Typed => frame(&|name, cells| match kind(name) {
            ColumnType::Time => {
                input::series(name, ColumnType::Time, cells)?.cast(&DataType::Datetime(TimeUnit::Microseconds, Some(TimeZone::UTC)))
            }
            ColumnType::Identifier => Ok(Series::new(name.into(), cells)),
            other => input::series(name, other, cells),
        }),
    }
}

#[cfg(test)]
mod tests {
    use custometer_core::prelude::*;
    use custometer_core::registry::Descriptor;

    use super::*;

    struct MeanAmount;

    impl Metric for MeanAmount {
        type Params = NoParams;

        const ABOUT: &'static About = &About {
            id: "acme.mean_amount",
            title: "Mean amount",
            summary: "The mean of all amounts.",
            formula: "Σ amount / orders",
            unit: Unit::Currency,
            range: "0 or more",
            direction: Direction::Neutral,
            edge_cases: &["No order: undefined."],
            examples: &[],
            references: &[],
        };

        fn define(_: &NoParams) -> Result<Definition, ParamError> {
            let amount = Column::number("amount").between(0.0, 1e9);
            Ok(Definition::over(Source::table("orders").at("time").column(amount))
                .measure(sum("revenue", col("amount")))
                .measure(count("orders"))
                .value(Value::ratio("revenue", "orders")))
        }
    }

    /// What is seen of a table in CSV after something is done to its rows.
    fn seen(change: impl Fn(&mut Damaged, &[Vec<Written>])) -> Option<Violation> {
        let metric: &'static Descriptor = Box::leak(Box::new(Descriptor::new::<MeanAmount>("the one under test", "")));
        let variant = Variant::all(metric).into_iter().next()?;
        let input = variant.inputs.first()?.clone().in_groups();
        let columns = input::columns(&variant.definition);
        let templates = variant.whole_rows(&input, &columns);
        let mut table = Variant::damage(&input, &columns, &templates, Layout::Csv, &mut Chance::seeded(1));
        change(&mut table, &templates);
        let result = variant.run_damaged(&input, &columns, std::slice::from_ref(&table)).ok()?;
        variant.gets_in(&input, &table, &result)
    }

    #[test]
    fn damaged_rows_are_seen_to_be_rejected() {
        assert_eq!(seen(|_, _| ()), None);
    }

    #[test]
    fn a_row_that_is_used_although_it_is_damaged_is_seen() {
        let mended = |table: &mut Damaged, templates: &[Vec<Written>]| {
            let damaged = table.rows.iter_mut().find(|(_, fault)| *fault == Some(Unreadable));
            if let Some((row, _)) = damaged {
                row.clone_from(&templates[0]);
            }
        };
        let violation = seen(mended).map(|violation| violation.found);
        assert_eq!(violation.as_deref(), Some("nothing of it in the ledger"));
    }

    #[test]
    fn a_text_that_is_not_told_as_it_is_written_is_seen() {
        let other = |table: &mut Damaged, _: &[Vec<Written>]| {
            table
                .planted
                .iter_mut()
                .filter(|planted| planted.fault == Unreadable)
                .for_each(|planted| planted.cell = Some("other".to_owned()));
        };
        assert!(seen(other).is_some_and(|violation| violation.expected.contains("with its column and its text")));
    }
}
