//! `[tables]`: where a table's rows are, how they are written, and what is made of their columns.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use custometer_core::suggest::did_you_mean;
use custometer_core::time::{AmbiguousTimes, ClockRule, LocalClock, NonexistentTimes};
use custometer_core::{ColumnType, SqlCondition};
use jiff::tz::TimeZone;
use polars::prelude::{Column, DataFrame, DataType, Expr, IntoLazy, LazyFrame, NULL, Schema, Series, col, lit, when};
use schemars::JsonSchema;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use toml::Spanned;

use crate::check::expression::{self, Kind, Leaf, Scope, Syntax, Translated, columns_there_are};
use crate::check::tables::columns::{age, has_column};
use crate::check::tables::currency::{Amounts, AmountsIn, CurrencyConfig};
use crate::check::tables::ground::Ground;
use crate::check::tables::leaf::{faults_of, input, leaf};
use crate::check::tables::lookup::{Here, LookupConfig, Others};
use crate::check::tables::openings::Openings;
use crate::check::tables::shape::{ExplodeConfig, UnpivotConfig};
use crate::check::tables::spans::{Before, SpansConfig};
use crate::check::tables::within::{AreaName, Names, Said, cell_faults};
use crate::check::words::words_of;
use crate::config::diagnostics::{Collector, Text};
use crate::config::params::Params;
use crate::config::values::{FileColumns, Plain, ZoneName};
use crate::read::cell_format::CellFormat;
use crate::read::column::{self, Declared, StoredColumn, Style};
use crate::read::ends;
use crate::read::fault::roots;
use crate::read::files::{self, Opened};
use crate::read::format::FileFormat;
use crate::read::given::GivenRows;
use crate::read::lookup::Found;
use crate::read::number::{NumberStyle, Thousands};
use crate::read::open_error::OpenError;
use crate::read::scan::is_ours;
use crate::read::shape::Shape;
use crate::read::table::{Blank, CONDITION, Columns, Derived, GONE, Keep, Named, Repetition, RowsOf, Shown, Table, columns_of};
use crate::read::text::{Delimiter, Encoding, ShortRows, TextError, TextFormat};
use crate::read::time_format::TimeFormat;
use crate::read::values::trimmed;

mod absent;
mod columns;
pub(crate) mod currency;
mod ground;
mod leaf;
mod lookup;
mod openings;
mod shape;
mod spans;
mod union;
mod within;

/// A table: one or several files of one shape, or several tables in one.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TableConfig {
    /// The pack's table that says how the files are read, such as `stripe.subscriptions`: `custometer packs list` shows them. What this table
    /// says itself stands before what the pack says.
    #[schemars(with = "Option<String>")]
    pub pack: Option<Spanned<String>>,
    /// A file, or several by `*` and `**`, relative to the folder of the file that says it: the report's own, or one that it includes.
    /// Required unless the table is a `union`.
    #[schemars(with = "Option<String>")]
    pub path: Option<Spanned<String>>,
    /// Other tables whose rows are those of this one, in the place of a `path`: `["web_orders", "shop_orders"]`. Each is read as it is described,
    /// and columns are joined by their names; a column that one of them lacks is missing in its rows.
    #[schemars(with = "Option<Vec<String>>")]
    pub union: Option<Spanned<Vec<Spanned<String>>>>,
    /// Of a union, a new column that has the name of the table that each row is of.
    #[schemars(with = "Option<String>")]
    pub source: Option<Spanned<String>>,
    /// The format of the files; their name decides unless said.
    pub format: Option<FileFormat>,
    /// The member of a zip archive, or several: names in which `*` stands for any characters. The only one unless said.
    #[schemars(with = "Option<Names>")]
    pub member: Option<Spanned<Names>>,
    /// The sheet of a workbook, or several: names in which `*` stands for any characters. Unless said, the only one that is shown and has
    /// something in it.
    #[schemars(with = "Option<Names>")]
    pub sheet: Option<Spanned<Names>>,
    /// The part of the sheet that is the table, with its header: `B3:F200`, only columns as `B:F`, or from a cell on as `B3:F`.
    #[schemars(with = "Option<String>")]
    pub range: Option<Spanned<AreaName>>,
    /// The keys that lead to the array of rows in a JSON document, with points between them: `payload.items`. The document is the array
    /// unless said.
    #[schemars(with = "Option<String>")]
    pub rows: Option<Spanned<String>>,
    /// Names that metrics use, each with the file's own name for it; or with several, whose texts are read with a space between them:
    /// `{ time = ["Date", "Clock"] }`.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, FileColumns>")]
    pub columns: BTreeMap<Spanned<String>, Spanned<FileColumns>>,
    /// The currency of the amounts: of all of them, such as `"EUR"`, or the column that says it: `{ column = "Currency" }`. Unless said, a
    /// column of that name is looked for. Amounts of several currencies are never one sum.
    #[schemars(with = "Option<CurrencyConfig>")]
    pub currency: Option<Spanned<CurrencyConfig>>,
    /// What one of an amount is: one of its currency (`units`), or one of the smallest units of it, such as a cent (`minor_units`), as
    /// payment providers count. `where` and `derive` see what the file has.
    #[schemars(with = "Option<AmountsIn>")]
    pub amounts_in: Option<Spanned<AmountsIn>>,
    /// How many digits the minor units of a currency are, where the table has others than ISO 4217: `{ ISK = 2 }`.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, u8>")]
    pub minor_digits: BTreeMap<Spanned<String>, Spanned<u8>>,
    /// What stands between two values of a text file: one character, or `spaces` for any number of them. A comma unless said.
    #[schemars(with = "Option<String>")]
    pub delimiter: Option<Spanned<DelimiterName>>,
    /// What encloses values that hold the delimiter; empty where quotes are characters like any other. `"` unless said.
    #[schemars(with = "Option<String>")]
    pub quote: Option<Spanned<QuoteCharacter>>,
    /// How a text file writes characters as bytes. UTF-8 unless said.
    #[schemars(with = "Option<Encoding>")]
    pub encoding: Option<Spanned<Encoding>>,
    /// How many lines stand before the header of a text file.
    #[schemars(with = "Option<u64>")]
    pub skip_lines: Option<Spanned<u64>>,
    /// The columns of a text file without a header line, in their order.
    #[schemars(with = "Option<Vec<String>>")]
    pub column_names: Option<Spanned<Vec<String>>>,
    /// How many rows the header of a text file has. The first one names the columns; the others say something else, such as the questions
    /// of a survey, and are skipped. One unless said.
    #[schemars(with = "Option<u64>")]
    pub header_lines: Option<Spanned<u64>>,
    /// How many rows at the end of a text file are not data, such as a total.
    #[schemars(with = "Option<u64>")]
    pub footer_lines: Option<Spanned<u64>>,
    /// What a line of a text file starts with that is a comment, such as `#`.
    #[schemars(with = "Option<String>")]
    pub comment: Option<Spanned<String>>,
    /// Rows that are not data, such as totals and titles of sections: an SQL condition over the file's own columns, in which the values
    /// of text files are text: `Date = 'Total'`.
    #[schemars(with = "Option<String>")]
    pub skip_rows_where: Option<Spanned<String>>,
    /// Columns that become rows, such as one column per question or per month: `{ columns = "Q*", name = "question", value = "score" }`.
    /// What else is said of columns is said of the new ones.
    pub unpivot: Option<UnpivotConfig>,
    /// A column of lists, of which each value becomes a row: `"tags"` where it is stored as lists, `{ column = "Tags", separator = ";" }` or
    /// `{ column = "Tags", json = true }` where it is text. Of an empty or missing list, one row without a value remains.
    #[schemars(with = "Option<ExplodeConfig>")]
    pub explode: Option<Spanned<ExplodeConfig>>,
    /// How a log of changes becomes spans: a row lasts until the next one of the same entity, such as
    /// `{ of = "customer_id", at = "changed_at", gone = "plan = 'churn'" }`. The end of each row is a new column, `ended_at`.
    pub spans: Option<SpansConfig>,
    /// What a row of a text file with fewer values than the header is.
    #[schemars(with = "Option<ShortRows>")]
    pub short_rows: Option<Spanned<ShortRows>>,
    /// Whether numbers are written as text with a comma before their fraction: `1,5`.
    #[serde(default)]
    pub decimal_comma: bool,
    /// What stands between groups of three digits: `.`, `,`, `'` or a space. Nothing unless said.
    #[schemars(with = "Option<String>")]
    pub thousands: Option<Thousands>,
    /// Texts that mean a missing value, in every column.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub null_values: Vec<Plain>,
    /// For single columns, values that mean a missing one: `{ score = [11] }`.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, Vec<serde_json::Value>>")]
    pub blank: BTreeMap<Spanned<String>, Vec<Plain>>,
    /// For single columns, how times are written: a pattern such as `%d-%m-%Y %H:%M`, `epoch_seconds`, `epoch_milliseconds`,
    /// `epoch_microseconds`, `epoch_nanoseconds` or `excel_serial`. ISO 8601 unless said.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, String>")]
    pub time_formats: BTreeMap<Spanned<String>, Spanned<String>>,
    /// For single columns, how cells are written that are not plain numbers, flags or times: `{ Total = "money", CTR = "percent",
    /// "First reply" = "duration", Q1 = "number_in_text", answered = { true = ["ja"], false = ["nej"] } }`.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, CellFormat>")]
    pub formats: BTreeMap<Spanned<String>, Spanned<CellFormat>>,
    /// IANA time zone of times without an offset. The report's unless said.
    #[schemars(with = "Option<String>")]
    pub timezone: Option<ZoneName>,
    /// Which instant a local time is that clocks showed twice.
    #[serde(default)]
    pub ambiguous_times: AmbiguousTimes,
    /// What a local time is that clocks never showed.
    #[serde(default)]
    pub nonexistent_times: NonexistentTimes,
    /// Columns that no two rows share: of those that do, one is kept, before `where` leaves out any. A row without one of them is no
    /// duplicate.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub deduplicate: Vec<Spanned<String>>,
    /// Which of the rows that share the columns of `deduplicate` is kept: the `first` or the `last` one in the order of files and rows, or
    /// `{ newest = "updated_at" }`. With `error`, that there are several ends the run.
    #[schemars(with = "Option<Keep>")]
    pub keep: Option<Spanned<Keep>>,
    /// Whether `where` leaves out rows before one is kept of those that share the columns of `deduplicate`, and not afterwards.
    #[serde(default)]
    pub where_first: bool,
    /// New columns, each an SQL expression over the row.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, String>")]
    pub derive: BTreeMap<Spanned<String>, Spanned<String>>,
    /// Columns from other tables of the report, each lookup by the name of the table or another:
    /// `lookup.customers = { on = "customer_id", columns = ["segment"] }`.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, LookupConfig>")]
    pub lookup: BTreeMap<Spanned<String>, LookupConfig>,
    /// An SQL condition: other rows are left out.
    #[serde(rename = "where")]
    #[schemars(with = "Option<String>")]
    pub condition: Option<Spanned<String>>,
    /// Whether the words of parameters, such as statuses and events, are found in whatever case the rows have them.
    #[serde(default)]
    pub ignore_case: bool,
    /// Parameters of all metrics of the table that have them, unless a request gives its own.
    #[serde(skip)]
    pub params: Params,
}

/// The name of a delimiter in a config.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DelimiterName(pub Delimiter);

impl TableConfig {
    /// The keys that say something of files.
    fn said_of_files(&self) -> Vec<&'static str> {
        let said = [
            ("path", self.path.is_some()),
            ("format", self.format.is_some()),
            ("member", self.member.is_some()),
            ("sheet", self.sheet.is_some()),
            ("range", self.range.is_some()),
            ("rows", self.rows.is_some()),
            ("columns", !self.columns.is_empty()),
            ("currency", self.currency.is_some()),
            ("amounts_in", self.amounts_in.is_some()),
            ("minor_digits", !self.minor_digits.is_empty()),
            ("delimiter", self.delimiter.is_some()),
            ("quote", self.quote.is_some()),
            ("encoding", self.encoding.is_some()),
            ("skip_lines", self.skip_lines.is_some()),
            ("column_names", self.column_names.is_some()),
            ("header_lines", self.header_lines.is_some()),
            ("footer_lines", self.footer_lines.is_some()),
            ("comment", self.comment.is_some()),
            ("skip_rows_where", self.skip_rows_where.is_some()),
            ("unpivot", self.unpivot.is_some()),
            ("explode", self.explode.is_some()),
            ("short_rows", self.short_rows.is_some()),
            ("decimal_comma", self.decimal_comma),
            ("thousands", self.thousands.is_some()),
            ("null_values", !self.null_values.is_empty()),
            ("blank", !self.blank.is_empty()),
            ("time_formats", !self.time_formats.is_empty()),
            ("formats", !self.formats.is_empty()),
            ("timezone", self.timezone.is_some()),
            ("ambiguous_times", self.ambiguous_times != AmbiguousTimes::default()),
            ("nonexistent_times", self.nonexistent_times != NonexistentTimes::default()),
        ];
        said.into_iter().filter(|(_, is_said)| *is_said).map(|(key, _)| key).collect()
    }

    /// What is written of its amounts.
    fn amounts(&self) -> Amounts<'_> {
        Amounts { currency: self.currency.as_ref(), amounts_in: self.amounts_in.as_ref(), minor_digits: &self.minor_digits }
    }
}

impl<'de> Deserialize<'de> for DelimiterName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        match text.as_bytes() {
            b"spaces" => Ok(Self(Delimiter::Spaces)),
            [byte] if byte.is_ascii() && !byte.is_ascii_alphanumeric() && *byte != b'\n' => Ok(Self(Delimiter::Byte(*byte))),
            _ => Err(D::Error::custom(format!("`{text}` is not a delimiter: write it as one character, such as \";\", or \"spaces\""))),
        }
    }
}

/// The character that encloses values; none for the empty text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct QuoteCharacter(pub Option<u8>);

impl<'de> Deserialize<'de> for QuoteCharacter {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        match text.as_bytes() {
            [] => Ok(Self(None)),
            [byte] if byte.is_ascii_punctuation() => Ok(Self(Some(*byte))),
            _ => Err(D::Error::custom(format!("`{text}` is not a quote: write it as one character, or \"\" for none"))),
        }
    }
}

/// The rows that the host of the engine gives, by their names.
pub(crate) type Given = BTreeMap<String, Arc<GivenRows>>;

/// Opens all tables, each after those that it looks something up in; none of one that is wrong.
pub(crate) fn open_all<'a>(
    tables: &'a BTreeMap<String, TableConfig>,
    read_by: (&TimeZone, bool),
    given: &Given,
    problems: &mut Collector,
) -> BTreeMap<&'a str, Option<Table>> {
    let mut opened = BTreeMap::new();
    let mut openings = Openings::default();
    let mut waiting: Vec<(&String, &TableConfig)> = tables.iter().collect();
    while !waiting.is_empty() {
        let ready = |(name, config): &(&String, &TableConfig)| {
            let others = config.lookup.iter().map(|(lookup, config)| config.table(lookup).get_ref());
            let sources = config.union.iter().flat_map(|union| union.get_ref().iter().map(Spanned::get_ref));
            others
                .chain(sources)
                .filter(|other| other != name && tables.contains_key(*other))
                .all(|other| opened.contains_key(other.as_str()))
        };
        let (mut now, mut later): (Vec<_>, Vec<_>) = waiting.iter().copied().partition(ready);
        if now.is_empty() {
            // They look something up in each other, which is said of one of them.
            now = later.drain(..1).collect();
        }
        for (name, config) in now {
            let others = Others { opened: &opened, names: tables };
            let table = open(name, config, read_by, (given, &mut openings, &others), problems);
            opened.insert(name.as_str(), table);
        }
        waiting = later;
    }
    opened
}

/// Opens a table's rows and plans its mapped, looked-up and derived columns. Times without an offset are in `zone` unless the table says
/// another, and messages may show what cells hold where `shows_cells`.
fn open(
    table_name: &str,
    config: &TableConfig,
    (zone, shows_cells): (&TimeZone, bool),
    (given, openings, others): (&Given, &mut Openings, &Others<'_, TableConfig>),
    problems: &mut Collector,
) -> Option<Table> {
    let zone = config.timezone.as_ref().map_or(zone, |zone| &zone.0);
    let style = style(config, zone, shows_cells);
    let shown = Shown::new(zone);
    let (ground, formats, of_pack) = match (&config.union, &config.path) {
        (Some(written), _) => {
            let is_union = |other: &TableConfig| other.union.is_some();
            let written = (table_name, written, config.source.as_ref());
            (union::ground(written, &config.said_of_files(), others, &is_union, problems)?, BTreeMap::new(), None)
        }
        (None, Some(path)) => of_files((config, path), (given, openings), (zone, &style, &shown), problems)?,
        // That is said where the section is read.
        (None, None) => return None,
    };
    let (config, absent) = of_pack.unwrap_or((Cow::Borrowed(config), BTreeMap::new()));
    let config = config.as_ref();
    let Ground { of, skipped, mut shape, mut columns, mut broken, blanks, mut looks, money } = ground;
    if matches!(of, RowsOf::Union(_)) {
        shape.end = spans::end(config.spans.as_ref(), std::iter::empty(), |name| looks.contains_key(name), problems);
        looks.extend(shape.end.iter().map(|end| (end.clone(), union::stored_column(end, ends::STORED, (None, false)))));
    }
    let looks_of = |values: &Series, blank_is_null: bool| {
        StoredColumn::of(values, style.numbers, formats.get(values.name().as_str()).cloned(), blank_is_null)
    };

    let given = config.lookup.values().flat_map(LookupConfig::gives).map(str::to_owned);
    let mut taken: BTreeSet<String> = looks.keys().cloned().chain(config.derive.keys().map(|name| name.get_ref().clone())).collect();
    let names: Vec<String> = taken.iter().cloned().chain(given).collect::<BTreeSet<String>>().into_iter().collect();
    columns.kept = config.derive.keys().map(|name| name.get_ref().clone()).filter(|name| looks.contains_key(name)).collect();
    let mut kinds = Schema::default();
    for step in in_order(config, problems) {
        let (name, written) = match step {
            Step::Derive(name, written) => (name, written),
            Step::Lookup(name, lookup) => {
                let here = (table_name, names.as_slice(), &mut taken);
                looked_up((name, lookup), here, (&mut columns, &kinds, &mut looks, &mut broken), (others, &style), problems);
                continue;
            }
        };
        let translated = {
            let column = leaf(&columns, &kinds, &looks, &broken, &style);
            expression::read((written, None), &names, &Scope { column: &column, style: &style, shown: &shown }, problems)
        };
        match translated {
            Some(translated) => {
                kinds.insert(name.as_str().into(), translated.kind.stored());
                columns.derived.push(derived(name, translated));
            }
            // What rests on a broken column is broken by it, and no mistake of its own.
            None => drop(broken.insert(name.clone())),
        }
    }
    let mut condition_of = |written: &Spanned<String>, what: &str| {
        let column = leaf(&columns, &kinds, &looks, &broken, &style);
        let scope = Scope { column: &column, style: &style, shown: &shown };
        let translated = expression::read((written, Some(&Kind::Boolean)), &names, &scope, problems)?;
        is_condition(&translated, written.span(), what, problems).then_some(translated)
    };
    let condition = config.condition.as_ref().and_then(|written| condition_of(written, "`where`"));
    let gone = config.spans.as_ref().and_then(|spans| spans.gone.as_ref());
    let is_gone = gone.and_then(|written| condition_of(written, "`gone`"));
    columns.derived.extend(is_gone.map(|is_gone| derived(GONE, is_gone)));
    let written_condition = condition.as_ref().map(|condition| condition.value.clone());
    columns.derived.extend(condition.filter(|condition| condition.fault.is_some()).map(|condition| {
        let condition = derived(CONDITION, condition);
        Derived { value: None, ..condition }
    }));
    // What is derived is no longer what the file holds.
    looks.retain(|name, _| !config.derive.keys().any(|derived| derived.get_ref() == name));
    let mut rows = columns.over(shape.over(of.no_rows(&columns.united), None), &Found::default());
    let schema: Schema = rows.collect_schema().ok()?.as_ref().clone();
    let texts = derived_texts(&columns, &schema, || shape.over(of.first_rows(&columns.united), None));
    looks.extend(texts.iter().map(|column| (column.name().to_string(), looks_of(column.as_materialized_series(), false))));
    let mut table = Table {
        name: table_name.to_owned(),
        of,
        condition: None,
        schema,
        checks: Vec::new(),
        written_condition,
        skipped,
        shape,
        repetition: None,
        spans: None,
        style,
        shown,
        columns,
        looks,
        broken,
        named: named_of_all(config, problems.text()),
        blanks,
        ignore_case: config.ignore_case,
        currency: None,
        minor_units: Vec::new(),
        absent,
    };
    match money {
        Some((currency, units)) => (table.currency, table.minor_units) = (currency, units),
        None => currency::read(&config.amounts(), &mut table, problems),
    }
    table.repetition = repetition(config, &table, problems);
    table.spans = config.spans.as_ref().and_then(|written| spans::spans(written, &table, &before_spans(config), problems));
    table.settle();
    Some(table)
}

/// A table's config without what its pack says of columns that are not there, and the names that are not made, each with such a column.
type WithoutAbsent<'a> = (Cow<'a, TableConfig>, BTreeMap<String, String>);

/// What a table of files starts from, with how the values of single columns are written.
fn of_files<'a>(
    (config, path): (&'a TableConfig, &Spanned<String>),
    (given, openings): (&Given, &mut Openings),
    (zone, style, shown): (&TimeZone, &Style, &Shown),
    problems: &mut Collector,
) -> Option<(Ground, BTreeMap<String, Declared>, Option<WithoutAbsent<'a>>)> {
    if let Some(source) = &config.source {
        problems.report(source.span(), "`source` names the tables of a union, and this is none").help("leave it out");
    }
    let mut opened = open_files((config, path), (given, openings), problems)?;
    let skipped = skipped(config, &mut opened, (style, shown), problems);
    let mut shape = shape::shape((config.unpivot.as_ref(), config.explode.as_ref()), &opened.schema, &config.formats, problems);
    let taken = config.columns.keys().map(|name| name.get_ref().as_str());
    let rows = shape.schema(&opened.schema);
    shape.end = spans::end(config.spans.as_ref(), taken, |name| opened.schema.contains(name) || rows.contains(name), problems);
    let schema = shape.schema(&opened.schema);
    let stored: Vec<String> = schema.iter_names().map(ToString::to_string).collect();
    let (without, absent) = absent::without(config, &stored, problems.text());
    let config = without.as_ref();

    let mut broken = BTreeSet::new();
    let mut columns = Columns::default();
    let actual_names = mapped(config, &opened, &stored, (&mut columns, &mut broken), problems);
    let (formats, blank) = of_single_columns(config, &actual_names, &stored, zone, problems);
    let blanks = of_cells(config, (&schema, &shape.faulty(&opened.cell_faults)), &blank, &mut columns);

    let sample = first_rows(config, &opened, &shape, (&columns, &broken));
    let formats = settled(formats, &sample, style, problems);
    let looks_of = |values: &Series, blank_is_null: bool| {
        StoredColumn::of(values, style.numbers, formats.get(values.name().as_str()).cloned(), blank_is_null)
    };
    let looks = looks_of_files(&sample, &actual_names, &looks_of);
    let ground = Ground { of: RowsOf::Files(Box::new(opened)), skipped, shape, columns, broken, blanks, looks, money: None };
    Some((ground, formats, Some((without, absent))))
}

/// The columns of the first rows, once what means a missing value is gone.
fn first_rows(config: &TableConfig, opened: &Opened, shape: &Shape, (columns, broken): (&Columns, &BTreeSet<String>)) -> Vec<Column> {
    let several = config.columns.iter().filter(|(_, of)| of.get_ref().0.len() > 1);
    let joined: Vec<Expr> = several
        .filter(|(name, _)| !broken.contains(name.get_ref()))
        .map(|(name, of)| column::joined(&of.get_ref().0).alias(name.get_ref().as_str()))
        .collect();
    columns_of(shape.over(opened.sample.clone().lazy(), None).with_columns(&columns.cleaned).with_columns(joined))
}

/// Adds what a lookup gives, or takes note that it is broken. `taken` are the names that columns have already.
fn looked_up(
    (name, lookup): (&Spanned<String>, &LookupConfig),
    (table, names, taken): (&str, &[String], &mut BTreeSet<String>),
    (columns, kinds, looks, broken): (&mut Columns, &Schema, &mut BTreeMap<String, StoredColumn>, &mut BTreeSet<String>),
    (others, style): (&Others<'_, TableConfig>, &Style),
    problems: &mut Collector,
) {
    let read = {
        let known: Vec<String> = names.iter().filter(|name| !broken.contains(*name)).cloned().collect();
        let typed = |name: &str, kind: ColumnType| input(name, kind, (columns, kinds, looks), style);
        let faults = |name: &str| faults_of(columns, name);
        let after = columns.derived.len();
        let here = Here { table, columns: &known, taken, broken, typed: &typed, faults: &faults, after };
        lookup::read((name, lookup), &here, others, problems)
    };
    let gives: Vec<String> = lookup.gives().into_iter().map(str::to_owned).collect();
    taken.extend(gives.iter().cloned());
    match read {
        Some((lookup, found)) => {
            looks.extend(found.into_iter().map(|column| (column.name.clone(), column)));
            columns.lookups.push(lookup);
        }
        None => broken.extend(gives.into_iter().filter(|name| !looks.contains_key(name))),
    }
}

/// Maps the file's columns to the names that the config gives them; of one that is made of several, the name stands for the file's own.
fn mapped<'a>(
    config: &'a TableConfig,
    opened: &Opened,
    stored: &[String],
    (columns, broken): (&mut Columns, &mut BTreeSet<String>),
    problems: &mut Collector,
) -> BTreeMap<&'a str, &'a str> {
    let mut actual_names: BTreeMap<&str, &str> = BTreeMap::new();
    for (logical, of) in &config.columns {
        let missing: Vec<&String> = of.get_ref().0.iter().filter(|actual| !stored.contains(*actual)).collect();
        for actual in &missing {
            if let Some(kind) = opened.left_out.get(*actual) {
                let message = format!("`{actual}` is {kind}, which is not read");
                problems.report(of.span(), message).help("store it as a number, a text or a time, under a name of its own");
                continue;
            }
            let help = did_you_mean(actual, stored.iter().map(String::as_str)).unwrap_or_else(|| columns_there_are(stored));
            problems.report(of.span(), format!("there is no column `{actual}` in the file")).help(help);
        }
        if !missing.is_empty() {
            broken.insert(logical.get_ref().clone());
            continue;
        }
        let (source, name) = match of.get_ref().0.as_slice() {
            [actual] => (col(actual.as_str()), actual),
            // What is made of several columns is a column of its own.
            several => (column::joined(several), logical.get_ref()),
        };
        columns.mapped.push(source.alias(logical.get_ref().as_str()));
        actual_names.insert(logical.get_ref(), name);
    }
    actual_names
}

/// Which rows are not data. They do not tell what columns look like.
fn skipped(config: &TableConfig, opened: &mut Opened, (style, shown): (&Style, &Shown), problems: &mut Collector) -> Option<Expr> {
    let written = config.skip_rows_where.as_ref()?;
    let stored: Vec<String> = opened.schema.iter_names().map(ToString::to_string).collect();
    // Nothing is known yet of what texts look like.
    let column = |name: &str| -> Result<Leaf, Option<String>> {
        let kind = opened.schema.get(name).and_then(Kind::of).ok_or(None)?;
        Ok(Leaf::derived(name, &kind, None, None))
    };
    let asked = (written, Some(&Kind::Boolean));
    let skipped = expression::read(asked, &stored, &Scope { column: &column, style, shown }, problems)?;
    if !is_condition(&skipped, written.span(), "`skip_rows_where`", problems) {
        return None;
    }
    let skipped = skipped.value.fill_null(lit(false));
    let left = columns_of(opened.sample.clone().lazy().filter(skipped.clone().not()));
    if let Some(rows) = left.first().map(Column::len) {
        opened.sample = DataFrame::new(rows, left).unwrap_or_else(|_| opened.sample.clone());
    }
    Some(skipped)
}

/// Adds a column that says of each row whether a condition of a request holds, and reports what is wrong with it.
pub(crate) fn add_condition(table: &mut Table, written: &Spanned<String>, problems: &mut Collector) {
    let name = SqlCondition::new(written.get_ref()).name();
    if !table.schema.contains(&name) {
        add_flag(table, &name, (written, &format!("`{}`", written.get_ref())), "a condition", problems);
    }
}

/// Adds a column that says of each row whether it belongs to a segment, and reports what is wrong with it.
pub(crate) fn add_segment(table: &mut Table, name: &str, written: &Spanned<String>, problems: &mut Collector) {
    add_flag(table, name, (written, &format!("the segment `{name}`")), "a segment", problems);
}

/// Adds a column of what a condition says of each row. `what` and `named_by` are how messages call it.
fn add_flag(table: &mut Table, name: &str, (written, named_by): (&Spanned<String>, &str), what: &str, problems: &mut Collector) {
    let known: Vec<String> = table.columns().into_iter().chain(table.broken.iter().cloned()).collect();
    let translated = {
        let column = leaf(&table.columns, &table.schema, &table.looks, &table.broken, &table.style);
        let scope = Scope { column: &column, style: &table.style, shown: &table.shown };
        expression::read((written, Some(&Kind::Boolean)), &known, &scope, problems)
    };
    match translated.filter(|translated| is_condition(translated, written.span(), what, problems)) {
        Some(translated) => {
            table.schema.insert(name.into(), DataType::Boolean);
            table.named.extend(named(written.get_ref(), Some(name), named_by));
            table.columns.derived.push(derived(name, translated));
            table.settle();
        }
        None => {
            table.broken.insert(name.to_owned());
        }
    }
}

/// What an expression makes of each row, under a name.
fn derived(name: &str, translated: Translated) -> Derived {
    let Translated { value, kind, origin, fault, reasons } = translated;
    Derived { name: name.to_owned(), value: Some(value), is_untold: kind == Kind::Untold, fault, reasons, origin }
}

/// What the columns of the files look like, by their own names and by those that the config gives them.
fn looks_of_files(
    sample: &[Column],
    actual_names: &BTreeMap<&str, &str>,
    looks_of: &dyn Fn(&Series, bool) -> StoredColumn,
) -> BTreeMap<String, StoredColumn> {
    let of_file = |column: &Column| (column.name().to_string(), looks_of(column.as_materialized_series(), true));
    let mut looks: BTreeMap<String, StoredColumn> = sample.iter().filter(|column| !is_ours(column.name())).map(of_file).collect();
    let named = actual_names.iter().filter_map(|(logical, actual)| Some(((*logical).to_owned(), looks.get(*actual)?.named(logical))));
    let named: Vec<(String, StoredColumn)> = named.collect();
    looks.extend(named);
    looks
}

/// The first rows of the texts that are derived.
fn derived_texts(columns: &Columns, schema: &Schema, sample: impl Fn() -> LazyFrame) -> Vec<Column> {
    let derived = columns.derived.iter().filter(|derived| derived.value.is_some()).map(|derived| derived.name.as_str());
    let texts: Vec<Expr> = derived.filter(|name| schema.get(name) == Some(&DataType::String)).map(col).collect();
    // What can't be computed now is said when the rows are gone through.
    if texts.is_empty() { Vec::new() } else { columns_of(columns.over(sample(), &Found::default()).select(texts)) }
}

/// The words that a table's own conditions compare columns with. A pack names those of all users, which no one's files all have.
fn named_of_all(config: &TableConfig, text: &Text) -> Vec<Named> {
    let gone = config.spans.as_ref().and_then(|spans| spans.gone.as_ref());
    let written = [(config.condition.as_ref(), "`where`"), (gone, "`gone`")];
    let own = written.into_iter().filter_map(|(written, by)| Some((written.filter(|written| text.is_own(&written.span()))?, by)));
    own.flat_map(|(written, by)| named(written.get_ref(), None, by)).collect()
}

/// The words that SQL compares columns with.
fn named(sql: &str, condition: Option<&str>, named_by: &str) -> Vec<Named> {
    let named = |(column, word)| Named { condition: condition.map(str::to_owned), named_by: named_by.to_owned(), column, word };
    words_of(sql).into_iter().map(named).collect()
}

/// What the config says of how a column's values are written, with where it says so.
type Formats = BTreeMap<String, (Range<usize>, Declared)>;

/// What the config says of single columns, by the file's names for them: how values are written, and what means a missing one.
fn of_single_columns<'a>(
    config: &'a TableConfig,
    actual_names: &BTreeMap<&str, &str>,
    stored: &[String],
    zone: &TimeZone,
    problems: &mut Collector,
) -> (Formats, BTreeMap<String, &'a [Plain]>) {
    let actual = |name: &Spanned<String>, problems: &mut Collector| -> Option<String> {
        let actual = actual_names.get(name.get_ref().as_str()).copied().unwrap_or(name.get_ref());
        let known = stored.iter().any(|stored| stored == actual)
            || actual_names.contains_key(name.get_ref().as_str())
            || config.derive.keys().any(|derived| derived == name);
        if !known {
            let help = did_you_mean(actual, stored.iter().map(String::as_str)).unwrap_or_else(|| columns_there_are(stored));
            problems.report(name.span(), format!("there is no column `{actual}`")).help(help);
        }
        known.then(|| actual.to_owned())
    };
    let (mut formats, mut blank) = (Formats::new(), BTreeMap::new());
    for (column, written) in &config.time_formats {
        match TimeFormat::declared(written.get_ref(), Some(zone)) {
            Ok(format) => formats.extend(actual(column, problems).map(|column| (column, (written.span(), Declared::Times(format))))),
            Err(reason) => {
                problems.report(written.span(), reason);
            }
        }
    }
    for (column, format) in &config.formats {
        let Some(actual) = actual(column, problems) else { continue };
        if formats.contains_key(&actual) {
            problems.report(column.span(), format!("`{actual}` has a time format as well")).help("leave one of them out");
        }
        formats.insert(actual, (format.span(), Declared::Cells(format.get_ref().clone())));
    }
    for (column, values) in &config.blank {
        blank.extend(actual(column, problems).map(|column| (column, values.as_slice())));
    }
    (formats, blank)
}

/// The formats as the first rows have them. Reports those that can't be meant; they stay, so that a cause is reported once.
fn settled(formats: Formats, sample: &[Column], style: &Style, problems: &mut Collector) -> BTreeMap<String, Declared> {
    let settle = |(name, (place, declared)): (String, (Range<usize>, Declared))| {
        let Some(values) = sample.iter().find(|column| column.name().as_str() == name) else { return (name, declared) };
        let values = values.as_materialized_series();
        let wrong = match &declared {
            Declared::Times(_) if matches!(values.dtype(), DataType::Date | DataType::Datetime(..)) => {
                Some("it is stored as a time; leave its format out".to_owned())
            }
            Declared::Times(format) => format.misfit(values, style.shows_cells),
            Declared::Cells(format) => match format.settled(values.dtype(), &column::texts_of(values), style.numbers, style.shows_cells) {
                Ok(settled) => return (name, Declared::Cells(settled)),
                Err(reason) => Some(reason),
            },
        };
        if let Some(reason) = wrong {
            problems.report(place, format!("`{name}` can't be read so: {reason}"));
        }
        (name, declared)
    };
    formats.into_iter().map(settle).collect()
}

fn style(config: &TableConfig, zone: &TimeZone, shows_cells: bool) -> Style {
    Style {
        numbers: NumberStyle { decimal_comma: config.decimal_comma, thousands: config.thousands },
        clock: Arc::new(LocalClock::new(zone)),
        rule: ClockRule { ambiguous: config.ambiguous_times, nonexistent: config.nonexistent_times },
        zone: zone.iana_name().filter(|name| *name != "UTC").map(str::to_owned),
        shows_cells,
    }
}

/// Which rows repeat others.
fn repetition(config: &TableConfig, table: &Table, problems: &mut Collector) -> Option<Repetition> {
    of_whole_rows(config, table, problems);
    let by = config.deduplicate.iter().filter(|column| has_column(table, column.get_ref(), column.span(), problems));
    let by: Vec<String> = by.map(|column| column.get_ref().clone()).collect();
    let keep = config.keep.as_ref().map(|keep| keep.get_ref().clone()).unwrap_or_default();
    let age = match (&config.keep, &keep) {
        (Some(written), Keep::Newest(column)) => age(table, column, written.span(), problems),
        _ => None,
    };
    let unused = [("keep", config.keep.as_ref().map(Spanned::span))];
    for (key, place) in unused.into_iter().filter(|_| config.deduplicate.is_empty()) {
        if let Some(place) = place {
            problems
                .report(place, format!("`{key}` is of rows that repeat others, and nothing says which do"))
                .help("add `deduplicate`, the columns that no two rows share");
        }
    }
    (!by.is_empty()).then_some(Repetition { by, keep, where_first: config.where_first, age })
}

/// What is said of rows before they become spans.
fn before_spans(config: &TableConfig) -> Before<'_> {
    let newest = config.keep.iter().filter_map(|keep| match keep.get_ref() {
        Keep::Newest(column) => Some((keep.span(), column.as_str())),
        _ => None,
    });
    let keys = config.deduplicate.iter().map(|column| (column.span(), column.get_ref().as_str()));
    let condition = config.condition.as_ref().filter(|_| config.where_first);
    Before { repetition: keys.chain(newest).collect(), condition: condition.map(Spanned::span), where_first: config.where_first }
}

/// Reports what would keep only some of the rows that are made of one.
fn of_whole_rows(config: &TableConfig, table: &Table, problems: &mut Collector) {
    let newest = config.keep.iter().filter_map(|keep| match keep.get_ref() {
        Keep::Newest(column) => Some((keep.span(), column.clone())),
        _ => None,
    });
    let named = config.deduplicate.iter().map(|column| (column.span(), column.get_ref().clone())).chain(newest);
    for (place, column) in named {
        if let Some(made) = table.made_of([column]) {
            problems
                .report(place, format!("`{made}` differs between the rows that are made of one row of the file"))
                .help("name columns of the file: the rows that are made of one are kept together");
        }
    }
    let condition = config.condition.as_ref().filter(|_| config.where_first && !config.deduplicate.is_empty());
    if let Some((written, condition)) = condition.zip(table.written_condition.as_ref())
        && let Some(made) = table.made_of(roots(condition))
    {
        problems
            .report(written.span(), format!("`{made}` differs between the rows that are made of one row of the file"))
            .help("leave `where_first` out: the rows that are made of one are kept together");
    }
}

/// What becomes of cells before anything is made of them: some values mean a missing one, and some cells have none. Gives the texts that mean a
/// missing one.
fn of_cells(
    config: &TableConfig,
    (schema, faulty): (&Schema, &BTreeSet<String>),
    blank: &BTreeMap<String, &[Plain]>,
    columns: &mut Columns,
) -> Vec<Blank> {
    let blanks = blanks(schema, &config.null_values, blank);
    columns.cleaned = cleaned(schema, &config.null_values, blank);
    columns.raw = raw(schema, &blanks);
    let mapped = config.columns.iter().map(|(name, of)| (name.get_ref().as_str(), of.get_ref().0.as_slice()));
    columns.derived = cell_faults(mapped, |name| config.derive.keys().any(|derived| derived.get_ref() == name), faulty);
    blanks
}

/// The file's columns in which some values mean a missing one.
fn cleaned(schema: &Schema, null_values: &[Plain], blank: &BTreeMap<String, &[Plain]>) -> Vec<Expr> {
    let mut cleaned = Vec::new();
    for (name, stored) in schema.iter() {
        let stored = files::as_value(stored);
        let of_all = null_values.iter().filter(|_| stored == &DataType::String);
        let missing = of_all.chain(blank.get(name.as_str()).into_iter().copied().flatten());
        let raw = || col(name.clone());
        let is = |value: &Plain| match value.0.parse::<f64>() {
            Ok(number) if stored.is_primitive_numeric() => raw().eq(lit(number)),
            _ if stored == &DataType::String => trimmed(raw()).eq(lit(value.0.trim().to_owned())),
            _ => raw().cast(DataType::String).eq(lit(value.0.clone())),
        };
        if let Some(any) = missing.map(is).reduce(Expr::or) {
            cleaned.push(when(any).then(lit(NULL)).otherwise(raw()).alias(name.clone()));
        }
    }
    cleaned
}

/// The texts that mean a missing value, by column. Numbers that are stored as such are compared as numbers, and no words.
fn blanks(schema: &Schema, null_values: &[Plain], blank: &BTreeMap<String, &[Plain]>) -> Vec<Blank> {
    let texts = schema.iter().filter(|(_, stored)| files::as_value(stored) == &DataType::String);
    let of_one = |name: &str, of_column: bool, word: &Plain| Blank {
        column: name.to_owned(),
        raw: format!("__raw:{name}"),
        of_column,
        word: word.0.trim().to_owned(),
    };
    let blanks = texts.flat_map(|(name, _)| {
        let of_column = blank.get(name.as_str()).into_iter().copied().flatten().map(move |word| of_one(name.as_str(), true, word));
        null_values.iter().map(move |word| of_one(name.as_str(), false, word)).chain(of_column)
    });
    blanks.collect()
}

/// The file's own texts of columns in which some mean a missing value.
fn raw(schema: &Schema, blanks: &[Blank]) -> Vec<Expr> {
    let columns: BTreeMap<&str, &str> = blanks.iter().map(|blank| (blank.column.as_str(), blank.raw.as_str())).collect();
    let columns = columns.into_iter().filter(|(name, _)| schema.contains(name));
    columns.map(|(name, raw)| trimmed(col(name)).alias(raw)).collect()
}

fn open_files(
    (config, path): (&TableConfig, &Spanned<String>),
    (given, openings): (&Given, &mut Openings),
    problems: &mut Collector,
) -> Option<Opened> {
    let folder = problems.text().folder_of(&path.span()).to_owned();
    let dialect = |format: FileFormat| TextFormat {
        delimiter: config
            .delimiter
            .as_ref()
            .map_or(Delimiter::Byte(if format == FileFormat::Tsv { b'\t' } else { b',' }), |name| name.get_ref().0),
        quote: config.quote.as_ref().map_or(Some(b'"'), |quote| quote.get_ref().0),
        encoding: config.encoding.as_ref().map(|encoding| *encoding.get_ref()).unwrap_or_default(),
        is_encoding_said: config.encoding.is_some(),
        skip_lines: config.skip_lines.as_ref().map_or(0, |lines| *lines.get_ref()),
        header_lines: config.header_lines.as_ref().map(|lines| *lines.get_ref()),
        footer_lines: config.footer_lines.as_ref().map_or(0, |lines| *lines.get_ref()),
        comment: config.comment.as_ref().map(|comment| comment.get_ref().clone()),
        line_end: b'\n',
        column_names: config.column_names.as_ref().map(|names| names.get_ref().clone()),
        short_rows: config.short_rows.as_ref().map(|rows| *rows.get_ref()).unwrap_or_default(),
    };
    if let Some(comment) = config.comment.as_ref().filter(|comment| comment.get_ref().trim().is_empty()) {
        problems.report(comment.span(), "every line starts with that").help("write what comments start with, such as `comment = \"#\"`");
        return None;
    }
    if let Some(lines) = config.header_lines.as_ref().filter(|lines| *lines.get_ref() == 0 && config.column_names.is_none()) {
        problems
            .report(lines.span(), "without a header line the columns have no names")
            .help("name them: `column_names = [\"time\", \"score\"]`");
        return None;
    }
    let said = Said {
        member: config.member.as_ref(),
        sheet: config.sheet.as_ref(),
        range: config.range.as_ref(),
        rows: config.rows.as_ref(),
        decimal_comma: config.decimal_comma,
    };
    if said.names_nothing(problems) {
        return None;
    }
    let within = said.within();
    let opened = match given.get(path.get_ref()) {
        Some(rows) => openings.given(rows),
        None => files::files(path.get_ref(), &folder).and_then(|files| openings.open(files, config.format, within, dialect)),
    };
    let error = match opened {
        Ok(opened) => {
            text_only(config, &opened, problems);
            said.unused(&opened, problems);
            return Some(opened);
        }
        Err(error) => error,
    };
    let help = match &error {
        OpenError::NoFile(_) => Some("paths are relative to the folder of the report".to_owned()),
        OpenError::Format(_) => {
            Some("say it: `format = \"csv\"`, `\"tsv\"`, `\"ndjson\"`, `\"json\"`, `\"workbook\"`, `\"parquet\"` or `\"arrow\"`".to_owned())
        },
        OpenError::Types { .. } => Some("give the files one type for it, or make two tables of them".to_owned()),
        OpenError::TwoColumns(_) => Some("give each column a name of its own".to_owned()),
        OpenError::Formats { .. } => Some("make a table of the files of each format".to_owned()),
        OpenError::Delimiter { other: '\t', .. } => Some("say `format = \"tsv\"`".to_owned()),
        OpenError::Delimiter { other, .. } => Some(format!("say `delimiter = \"{other}\"`")),
        OpenError::Encoding { .. } => {
            Some("say how it is written: `encoding = \"windows-1252\"`, `\"latin-1\"` or `\"mac-roman\"`; with `\"utf-8\"`, rows that are not are rejected".to_owned())
        }
        OpenError::Text { source: TextError::Quoting { .. }, .. } => {
            Some("say `quote = \"\"` if quotes are characters like any other".to_owned())
        }
        _ => None,
    };
    // Messages name files as the config does, not by where this machine keeps them.
    let message = error.to_string().replace(&format!("{}/", folder.display()), "");
    let place = match &error {
        OpenError::Within { key: "member", .. } => config.member.as_ref().map(Spanned::span),
        OpenError::Within { key: "sheet", .. } => config.sheet.as_ref().map(Spanned::span),
        OpenError::Within { key: "rows", .. } => config.rows.as_ref().map(Spanned::span),
        _ => None,
    };
    problems.report(place.unwrap_or_else(|| path.span()), message).maybe_help(help);
    None
}

/// Reports what is said of text files where there are none. A sheet has a header and rows, too.
fn text_only(config: &TableConfig, opened: &Opened, problems: &mut Collector) {
    if opened.format.is_text() {
        return;
    }
    let of_text = [
        ("delimiter", config.delimiter.as_ref().map(Spanned::span)),
        ("quote", config.quote.as_ref().map(Spanned::span)),
        ("encoding", config.encoding.as_ref().map(Spanned::span)),
        ("short_rows", config.short_rows.as_ref().map(Spanned::span)),
    ];
    let of_records = [
        ("skip_lines", config.skip_lines.as_ref().map(Spanned::span)),
        ("column_names", config.column_names.as_ref().map(Spanned::span)),
        ("header_lines", config.header_lines.as_ref().map(Spanned::span)),
        ("footer_lines", config.footer_lines.as_ref().map(Spanned::span)),
        ("comment", config.comment.as_ref().map(Spanned::span)),
    ];
    let said = of_text.into_iter().chain(of_records.into_iter().filter(|_| !opened.format.has_records()));
    for (key, span) in said {
        if let Some(span) = span {
            let message = format!("`{key}` is for text files, and these are {}", opened.format.as_str());
            problems.report(span, message).help("leave it out");
        }
    }
}

/// Whether an expression says yes or no of each row; reported where it does not. `what` is how messages call it.
fn is_condition(translated: &Translated, place: Range<usize>, what: &str, problems: &mut Collector) -> bool {
    let holds = translated.kind == Kind::Boolean;
    if !holds {
        problems.report(place, format!("{what} must be true or false for each row, and is {}", translated.kind));
    }
    holds
}

/// A column that is derived, or columns that are looked up.
#[derive(Clone, Copy)]
enum Step<'a> {
    Derive(&'a String, &'a Spanned<String>),
    Lookup(&'a Spanned<String>, &'a LookupConfig),
}

impl Step<'_> {
    fn gives(&self) -> BTreeSet<&str> {
        match self {
            Self::Derive(name, _) => BTreeSet::from([name.as_str()]),
            Self::Lookup(_, lookup) => lookup.gives(),
        }
    }

    fn uses(&self) -> BTreeSet<String> {
        match self {
            Self::Derive(_, written) => {
                let columns = Syntax::parse(written.get_ref()).map(|syntax| syntax.columns()).unwrap_or_default();
                columns.into_iter().map(|(name, _)| name.clone()).collect()
            }
            Self::Lookup(_, lookup) => lookup.uses().into_iter().map(str::to_owned).collect(),
        }
    }
}

/// Lookups and derived columns, each after those it uses.
fn in_order<'a>(config: &'a TableConfig, problems: &mut Collector) -> Vec<Step<'a>> {
    let lookups = config.lookup.iter().map(|(name, lookup)| (name.span(), Step::Lookup(name, lookup)));
    let derived = config.derive.iter().map(|(name, written)| (name.span(), Step::Derive(name.get_ref(), written)));
    let mut waiting: Vec<(Range<usize>, Step<'a>)> = lookups.chain(derived).collect();
    let mut ordered = Vec::new();
    while !waiting.is_empty() {
        let ready = |(place, step): &(Range<usize>, Step<'_>)| {
            let uses = step.uses();
            // A column may be derived from the file's column of its own name.
            waiting.iter().filter(|(other, _)| other != place).all(|(_, other)| !other.gives().iter().any(|given| uses.contains(*given)))
        };
        let (now, later): (Vec<_>, Vec<_>) = waiting.iter().cloned().partition(ready);
        if now.is_empty() {
            for (place, step) in &later {
                match step {
                    Step::Derive(name, _) => problems
                        .report(place.clone(), format!("`{name}` is derived from a column that is derived from it"))
                        .help("derived columns may use each other, but not in a circle"),
                    Step::Lookup(name, _) => problems
                        .report(place.clone(), format!("`lookup.{}` goes by a column that is made of what it gives", name.get_ref()))
                        .help("lookups and derived columns may use each other, but not in a circle"),
                };
            }
            break;
        }
        ordered.extend(now.into_iter().map(|(_, step)| step));
        waiting = later;
    }
    ordered
}
