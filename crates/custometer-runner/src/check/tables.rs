//! Tables: a report's files with their mapped and derived columns, and the conditions that rows must meet.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use custometer_core::suggest::nearest;
use custometer_core::time::{ClockRule, LocalClock};
use custometer_core::{ColumnType, Condition};
use jiff::tz::TimeZone;
use polars::prelude::{
    Column, DataFrame, DataType, Expr, IntoLazy, LazyFrame, NULL, PlSmallStr, PolarsResult, Schema, Series, col, lit, when,
};
use toml::Spanned;

use crate::check::sql::{self, columns_there_are};
use crate::config::diagnostics::Collector;
use crate::config::{FileFormat, Keep, Plain, TableConfig};
use crate::read::column::{self, StoredColumn, Style, Typed};
use crate::read::files::{self, OpenError, Opened};
use crate::read::number::NumberStyle;
use crate::read::text::{Delimiter, FAULT, Fault, FileIndex, TextError, TextFormat};
use crate::read::time_format::TimeFormat;

/// A table of a report, ready to be planned over.
#[derive(Clone)]
pub struct Table {
    /// Its name in the config.
    pub name: String,
    /// Its files.
    pub opened: Opened,
    /// The condition that rows must meet.
    pub condition: Option<Expr>,
    /// The columns of its rows.
    pub schema: Schema,
    /// Reasons for which a row is of no use to any request.
    pub checks: Vec<(String, Expr)>,
    /// The condition as it is written.
    written_condition: Option<Expr>,
    /// What texts must look like, for the SQL expressions that use them.
    sql_checks: Checks,
    /// The columns that no two rows share, and which of several rows is kept.
    pub(crate) deduplicate: Option<(Vec<String>, Keep)>,
    style: Style,
    columns: Columns,
    looks: BTreeMap<String, StoredColumn>,
    /// Columns that are meant to be there, but whose mapping or derivation is wrong.
    pub(crate) broken: BTreeSet<String>,
}

/// How a table's columns come from those of its files: each step over the one before.
#[derive(Clone, Default)]
struct Columns {
    /// The file's columns without what means a missing value.
    cleaned: Vec<Expr>,
    mapped: Vec<Expr>,
    /// Which rows do not look like the first ones.
    checked: Vec<Expr>,
    derived: Vec<(String, Expr)>,
}

impl Columns {
    fn over(&self, files: LazyFrame) -> LazyFrame {
        // A check is of the file's own column, which a derived one may take the place of.
        let rows = files.with_columns(&self.cleaned).with_columns(&self.mapped).with_columns(&self.checked);
        self.derived.iter().fold(rows, |rows, (name, expression)| rows.with_column(expression.clone().alias(name.as_str())))
    }

    /// The file's columns that a column is made of, whatever it is called.
    fn origins(&self, name: &str) -> BTreeSet<String> {
        let roots = |expression: &Expr| expression.clone().meta().root_names().into_iter().map(|name| name.to_string());
        let mut origins = BTreeSet::from([name.to_owned()]);
        for (derived, expression) in self.derived.iter().rev() {
            if origins.contains(derived) {
                origins.extend(roots(expression));
            }
        }
        for mapped in &self.mapped {
            if mapped.clone().meta().output_name().is_ok_and(|name| origins.contains(name.as_str())) {
                origins.extend(roots(mapped));
            }
        }
        origins
    }

    /// The file's columns that these ones are made of.
    fn read(&self, used: BTreeSet<String>) -> BTreeSet<String> {
        let roots = |expression: &Expr| expression.clone().meta().root_names().into_iter().map(|name| name.to_string());
        let mut read = used;
        for (name, expression) in self.derived.iter().rev() {
            if read.contains(name) {
                read.extend(roots(expression));
            }
        }
        read.extend(self.checked.iter().flat_map(roots));
        for mapped in &self.mapped {
            if mapped.clone().meta().output_name().is_ok_and(|name| read.contains(name.as_str())) {
                read.extend(roots(mapped));
            }
        }
        read
    }
}

impl Table {
    /// A column as a metric's input.
    pub(crate) fn typed(&self, name: &str, kind: ColumnType) -> Result<Typed, String> {
        let stored = self.schema.get(name).ok_or_else(|| format!("there is no column `{name}`"))?;
        column::typed(name, stored, self.looks.get(name), kind, &self.style)
    }

    /// What the first values of a column look like; none where it is not there.
    pub(crate) fn looks_like(&self, name: &str) -> Option<ColumnType> {
        let looks = self.looks.get(name).map(|column| &column.looks_like).or(self.schema.get(name))?;
        Some(match looks {
            DataType::Boolean => ColumnType::Boolean,
            DataType::Date | DataType::Datetime(..) => ColumnType::Time,
            DataType::Decimal(..) => ColumnType::Number,
            number if number.is_primitive_numeric() => ColumnType::Number,
            _ => ColumnType::Text,
        })
    }

    /// The rows, with mapped and derived columns. Only the `used` ones are sure to be filled.
    ///
    /// # Errors
    ///
    /// When a file can't be scanned any more.
    pub(crate) fn rows(&self, indices: &[FileIndex], used: BTreeSet<String>) -> PolarsResult<LazyFrame> {
        let conditions = self.condition.iter().chain(self.checks.iter().map(|(_, fails)| fails));
        let keys = self.deduplicate.iter().flat_map(|(by, _)| by.iter().cloned());
        let roots = conditions.flat_map(|condition| condition.clone().meta().root_names()).map(|name| name.to_string());
        let used = used.into_iter().chain(roots).chain(keys).collect();
        Ok(self.columns.over(self.opened.rows(indices, self.columns.read(used))?))
    }

    /// Whether a column is made of one that is called an id, or that is among `ids`.
    pub(crate) fn holds_ids(&self, name: &str, ids: &BTreeSet<&str>) -> bool {
        let called_id = |name: &str| name == "id" || name.ends_with("_id");
        let known = self.schema.iter_names().map(PlSmallStr::as_str).filter(|name| called_id(name) || ids.contains(name));
        let origins = self.columns.origins(name);
        known.into_iter().any(|id| !self.columns.origins(id).is_disjoint(&origins))
    }

    /// How many values a column has, to go by the first rows; none where they are too few to tell.
    pub(crate) fn distinct(&self, name: &str) -> Option<usize> {
        let values = self.columns.over(self.opened.sample.clone().lazy()).select([col(name)]);
        let [values] = columns_of(values).try_into().ok()?;
        let distinct = values.n_unique().ok()?;
        // One more for a value that is missing.
        (distinct * 20 <= values.len()).then_some(distinct + 1)
    }

    /// Adds a column that says of each row whether a condition of a request's parameters holds, and reports what is wrong with it.
    pub(crate) fn add_condition(&mut self, written: &Spanned<String>, problems: &mut Collector) {
        let name = Condition::new(written.get_ref()).name();
        if self.schema.contains(&name) {
            return;
        }
        let known: Vec<String> = self.columns().into_iter().chain(self.broken.iter().cloned()).collect();
        let mut looks = self.looks.clone();
        // What is derived is no longer what the file holds.
        looks.retain(|name, _| !self.columns.derived.iter().any(|(derived, _)| derived == name));
        let expression = sql::parse(written, &known, problems).filter(|expression| !uses(expression, &self.broken));
        let expression = expression.map(|expression| self.sql_checks.as_they_look(expression, &looks, &self.style));
        let rows = self.columns.over(self.opened.no_rows());
        match expression.filter(|expression| is_condition(&rows, expression, written.span(), "a condition", problems)) {
            Some(expression) => {
                self.schema.insert(name.as_str().into(), DataType::Boolean);
                self.columns.derived.push((name, expression));
                self.settle();
            }
            None => {
                self.broken.insert(name);
            }
        }
    }

    /// Puts together why rows are rejected, once all expressions are known.
    fn settle(&mut self) {
        self.columns.checked = self.sql_checks.columns();
        self.checks = if self.opened.format.is_text() { faults() } else { Vec::new() };
        self.checks.extend(self.sql_checks.reasons());
        // A row that a condition can't be told for is not left out by it, but rejected.
        let fails = self.checks.iter().map(|(_, fails)| fails.clone());
        self.condition = self.written_condition.clone().map(|condition| fails.fold(condition, Expr::or));
    }

    pub(crate) fn columns(&self) -> Vec<String> {
        self.schema.iter_names().map(ToString::to_string).filter(|name| !name.starts_with("__")).collect()
    }
}

/// Opens a table's files and plans its mapped and derived columns. Times without an offset are in `zone` unless the table says another.
pub(crate) fn open(name: &str, config: &TableConfig, zone: &TimeZone, folder: &Path, problems: &mut Collector) -> Option<Table> {
    let opened = open_files(config, folder, problems)?;
    let style = style(config, zone);
    let stored: Vec<String> = opened.schema.iter_names().map(ToString::to_string).collect();

    let mut broken = BTreeSet::new();
    let mut columns = Columns::default();
    let mut actual_names: BTreeMap<&str, &str> = BTreeMap::new();
    for (logical, actual) in &config.columns {
        if !stored.contains(actual.get_ref()) {
            let near = nearest(actual.get_ref(), stored.iter().map(String::as_str));
            let help = near.map_or_else(|| columns_there_are(&stored), |near| format!("did you mean `{near}`?"));
            problems.report(actual.span(), format!("there is no column `{}` in the file", actual.get_ref())).help(help);
            broken.insert(logical.get_ref().clone());
            continue;
        }
        columns.mapped.push(col(actual.get_ref().as_str()).alias(logical.get_ref().as_str()));
        actual_names.insert(logical.get_ref(), actual.get_ref());
    }
    let (formats, blank) = of_single_columns(config, &actual_names, &stored, problems);
    columns.cleaned = cleaned(&opened.schema, &config.null_values, &blank);

    // What the first rows look like, once what means a missing value is gone.
    let sample = columns_of(opened.sample.clone().lazy().with_columns(&columns.cleaned));
    let from_text = opened.format.is_text();
    let looks_of = |values: &Series, blank_is_null: bool| {
        StoredColumn::of(values, style.numbers, formats.get(values.name().as_str()).cloned(), blank_is_null)
    };
    let mut looks: BTreeMap<String, StoredColumn> =
        sample.iter().map(|column| (column.name().to_string(), looks_of(column.as_materialized_series(), from_text))).collect();
    for (logical, actual) in &actual_names {
        if let Some(column) = looks.get(*actual) {
            looks.insert((*logical).to_owned(), column.named(logical));
        }
    }

    let mut names: Vec<String> = looks.keys().cloned().chain(config.derive.keys().map(|name| name.get_ref().clone())).collect();
    names.sort();
    names.dedup();
    let mut checks = Checks::default();
    let mut derived: Vec<(&String, &Spanned<String>, Expr)> = Vec::new();
    for (name, written) in derived_in_order(config, problems) {
        // What rests on a broken column is broken by it, and no mistake of its own.
        match sql::parse(written, &names, problems).filter(|expression| !uses(expression, &broken)) {
            Some(expression) => derived.push((name, written, checks.as_they_look(expression, &looks, &style))),
            None => drop(broken.insert(name.clone())),
        }
        // What is derived is no longer what the file holds.
        looks.remove(name);
    }
    let condition = config.condition.as_ref().and_then(|written| {
        let expression = sql::parse(written, &names, problems).filter(|expression| !uses(expression, &broken))?;
        Some((written, checks.as_they_look(expression, &looks, &style)))
    });

    columns.checked = checks.columns();
    let mut rows = columns.over(opened.no_rows());
    for (name, written, expression) in derived {
        match result_type(&rows, &expression) {
            Ok(_) => {
                rows = rows.with_column(expression.clone().alias(name.as_str()));
                columns.derived.push((name.clone(), expression));
            }
            Err(reason) => {
                broken.insert(name.clone());
                problems.report(written.span(), format!("`{name}` can't be computed: {reason}")).maybe_help(help_for(&reason));
            }
        }
    }
    let condition = condition.filter(|(written, expression)| is_condition(&rows, expression, written.span(), "`where`", problems));
    let schema: Schema = rows.collect_schema().ok()?.as_ref().clone();
    let derived_texts = columns.derived.iter().filter(|(name, _)| schema.get(name) == Some(&DataType::String));
    let derived_texts: Vec<Expr> = derived_texts.map(|(name, _)| col(name.as_str())).collect();
    if !derived_texts.is_empty() {
        // What can't be computed now is said when the rows are gone through.
        let sample = columns_of(columns.over(opened.sample.clone().lazy()).select(derived_texts));
        looks.extend(sample.iter().map(|column| (column.name().to_string(), looks_of(column.as_materialized_series(), false))));
    }
    let deduplicate = deduplicate(config, &schema, &broken, problems);
    let mut table = Table {
        name: name.to_owned(),
        opened,
        condition: None,
        schema,
        checks: Vec::new(),
        written_condition: condition.map(|(_, condition)| condition),
        sql_checks: checks,
        deduplicate,
        style,
        columns,
        looks,
        broken,
    };
    table.settle();
    Some(table)
}

/// What the config says of single columns, by the file's names for them: how times are written, and what means a missing value.
fn of_single_columns<'a>(
    config: &'a TableConfig,
    actual_names: &BTreeMap<&str, &str>,
    stored: &[String],
    problems: &mut Collector,
) -> (BTreeMap<String, TimeFormat>, BTreeMap<String, &'a [Plain]>) {
    let actual = |name: &Spanned<String>, problems: &mut Collector| -> Option<String> {
        let actual = actual_names.get(name.get_ref().as_str()).copied().unwrap_or(name.get_ref());
        let known = stored.iter().any(|stored| stored == actual) || config.derive.keys().any(|derived| derived == name);
        if !known {
            let near = nearest(actual, stored.iter().map(String::as_str));
            let help = near.map_or_else(|| columns_there_are(stored), |near| format!("did you mean `{near}`?"));
            problems.report(name.span(), format!("there is no column `{actual}`")).help(help);
        }
        known.then(|| actual.to_owned())
    };
    let (mut formats, mut blank) = (BTreeMap::new(), BTreeMap::new());
    for (column, written) in &config.time_formats {
        match TimeFormat::declared(written.get_ref()) {
            Ok(format) => formats.extend(actual(column, problems).map(|column| (column, format))),
            Err(reason) => {
                problems.report(written.span(), reason);
            }
        }
    }
    for (column, values) in &config.blank {
        blank.extend(actual(column, problems).map(|column| (column, values.as_slice())));
    }
    (formats, blank)
}

fn style(config: &TableConfig, zone: &TimeZone) -> Style {
    let zone = config.timezone.as_ref().map_or(zone, |zone| &zone.0);
    Style {
        numbers: NumberStyle { decimal_comma: config.decimal_comma, thousands: config.thousands },
        clock: Arc::new(LocalClock::new(zone)),
        rule: ClockRule { ambiguous: config.ambiguous_times, nonexistent: config.nonexistent_times },
        zone: zone.iana_name().filter(|name| *name != "UTC").map(str::to_owned),
    }
}

fn deduplicate(config: &TableConfig, schema: &Schema, broken: &BTreeSet<String>, problems: &mut Collector) -> Option<(Vec<String>, Keep)> {
    let known: Vec<String> = schema.iter_names().map(ToString::to_string).filter(|name| !name.starts_with("__")).collect();
    for column in &config.deduplicate {
        if !known.contains(column.get_ref()) && !broken.contains(column.get_ref()) {
            let near = nearest(column.get_ref(), known.iter().map(String::as_str));
            let help = near.map_or_else(|| columns_there_are(&known), |near| format!("did you mean `{near}`?"));
            problems.report(column.span(), format!("there is no column `{}`", column.get_ref())).help(help);
        }
    }
    let by: Vec<String> = config.deduplicate.iter().map(|column| column.get_ref().clone()).collect();
    (!by.is_empty()).then_some((by, config.keep))
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
            _ if stored == &DataType::String => column::trimmed(raw()).eq(lit(value.0.trim().to_owned())),
            _ => raw().cast(DataType::String).eq(lit(value.0.clone())),
        };
        if let Some(any) = missing.map(is).reduce(Expr::or) {
            cleaned.push(when(any).then(lit(NULL)).otherwise(raw()).alias(name.clone()));
        }
    }
    cleaned
}

/// The reasons for which a row of a text file is damaged as a whole.
fn faults() -> Vec<(String, Expr)> {
    Fault::ALL.map(|fault| (fault.reason().to_owned(), col(FAULT).eq(lit(fault.code())).fill_null(lit(false)))).to_vec()
}

fn open_files(config: &TableConfig, folder: &Path, problems: &mut Collector) -> Option<Opened> {
    let path = &config.path;
    let dialect = |format: FileFormat| TextFormat {
        delimiter: config
            .delimiter
            .as_ref()
            .map_or(Delimiter::Byte(if format == FileFormat::Tsv { b'\t' } else { b',' }), |name| name.get_ref().0),
        quote: config.quote.as_ref().map_or(Some(b'"'), |quote| quote.get_ref().0),
        encoding: config.encoding.as_ref().map(|encoding| *encoding.get_ref()).unwrap_or_default(),
        skip_lines: config.skip_lines.as_ref().map_or(0, |lines| *lines.get_ref()),
        column_names: config.column_names.as_ref().map(|names| names.get_ref().clone()),
        short_rows: config.short_rows.as_ref().map(|rows| *rows.get_ref()).unwrap_or_default(),
    };
    let error = match files::files(path.get_ref(), folder).and_then(|files| files::open(files, config.format, dialect)) {
        Ok(opened) => {
            text_only(config, &opened, problems);
            return Some(opened);
        }
        Err(error) => error,
    };
    let help = match &error {
        OpenError::NoFile(_) => Some("paths are relative to the folder of the report".to_owned()),
        OpenError::Format(_) => Some("say it: `format = \"csv\"`, `\"tsv\"`, `\"ndjson\"`, `\"parquet\"` or `\"arrow\"`".to_owned()),
        OpenError::Types { .. } => Some("give the files one type for it, or make two tables of them".to_owned()),
        OpenError::TwoColumns { .. } => Some("rename one of them in the file".to_owned()),
        OpenError::Delimiter { other: '\t', .. } => Some("say `format = \"tsv\"`".to_owned()),
        OpenError::Delimiter { other, .. } => Some(format!("say `delimiter = \"{other}\"`")),
        OpenError::Encoding { .. } => Some("say how it is written: `encoding = \"windows-1252\"` or `\"latin-1\"`".to_owned()),
        OpenError::Unreadable { reason, .. } if reason.contains("must be enabled") => {
            Some("this program was built without object stores: build it with the cargo feature `cloud`".to_owned())
        }
        OpenError::Text { source: TextError::Quoting { .. }, .. } => {
            Some("say `quote = \"\"` if quotes are characters like any other".to_owned())
        }
        _ => None,
    };
    // Messages name files as the config does, not by where this machine keeps them.
    let message = error.to_string().replace(&format!("{}/", folder.display()), "");
    problems.report(path.span(), message).maybe_help(help);
    None
}

/// Reports what is said of text files where there are none.
fn text_only(config: &TableConfig, opened: &Opened, problems: &mut Collector) {
    if opened.format.is_text() {
        return;
    }
    let said = [
        ("delimiter", config.delimiter.as_ref().map(Spanned::span)),
        ("quote", config.quote.as_ref().map(Spanned::span)),
        ("encoding", config.encoding.as_ref().map(Spanned::span)),
        ("skip_lines", config.skip_lines.as_ref().map(Spanned::span)),
        ("column_names", config.column_names.as_ref().map(Spanned::span)),
        ("short_rows", config.short_rows.as_ref().map(Spanned::span)),
    ];
    for (key, span) in said {
        if let Some(span) = span {
            let message = format!("`{key}` is for text files, and these are {}", opened.format.as_str());
            problems.report(span, message).help("leave it out");
        }
    }
}

/// The columns of a few rows; none where they can't be computed.
#[expect(clippy::disallowed_methods, reason = "the first rows are looked at before anything is planned")]
fn columns_of(rows: LazyFrame) -> Vec<Column> {
    rows.collect().map(DataFrame::into_columns).unwrap_or_default()
}

/// The type of an expression over rows, found by computing it for none: what it can't do with their types shows without reading any.
#[expect(clippy::disallowed_methods, reason = "an empty frame has no rows to go through")]
pub(crate) fn result_type(rows: &LazyFrame, expression: &Expr) -> Result<DataType, String> {
    let reason = |error: polars::prelude::PolarsError| first_line(&error.to_string()).to_owned();
    let schema = rows.clone().collect_schema().map_err(reason)?;
    let nothing = DataFrame::empty_with_schema(&schema).lazy().select([expression.clone().alias("result")]).collect().map_err(reason)?;
    let uses_columns = !expression.clone().meta().root_names().is_empty();
    if uses_columns && nothing.height() > 0 {
        return Err("it looks at more than one row".to_owned());
    }
    nothing.column("result").map(|result| result.dtype().clone()).map_err(reason)
}

/// Whether an expression over rows says yes or no of each; reported where it does not. `what` is how messages call it.
fn is_condition(rows: &LazyFrame, expression: &Expr, place: Range<usize>, what: &str, problems: &mut Collector) -> bool {
    match result_type(rows, expression) {
        Ok(DataType::Boolean) => return true,
        Ok(found) => problems.report(place, format!("{what} must be true or false for each row, and is {found}")),
        Err(reason) => problems.report(place, format!("{what} can't be computed: {reason}")).maybe_help(help_for(&reason)),
    };
    false
}

fn help_for(reason: &str) -> Option<String> {
    let mixed = reason.contains("compare string with");
    mixed.then(|| "a column of numbers is compared with text: write the number without quotes, or `CAST(column AS VARCHAR)`".to_owned())
}

/// Checks that texts are what the first rows look like, for columns that SQL expressions use.
#[derive(Clone, Default)]
struct Checks(BTreeMap<String, Expr>);

impl Checks {
    /// An expression over text columns as one over what their texts look like.
    fn as_they_look(&mut self, expression: Expr, looks: &BTreeMap<String, StoredColumn>, style: &Style) -> Expr {
        expression.map_expr(|part| match &part {
            Expr::Column(name) => match looks.get(name.as_str()) {
                Some(column) => {
                    self.0.extend(column.looks_different(style));
                    column.as_it_looks(style)
                }
                None => part,
            },
            _ => part,
        })
    }

    /// Columns that say which rows fail.
    fn columns(&self) -> Vec<Expr> {
        self.0.values().enumerate().map(|(position, fails)| fails.clone().alias(format!("__check{position}"))).collect()
    }

    fn failed(&self) -> Vec<Expr> {
        (0..self.0.len()).map(|position| col(format!("__check{position}")).fill_null(lit(false))).collect()
    }

    /// The reasons, each with what says that it holds.
    fn reasons(&self) -> Vec<(String, Expr)> {
        self.0.keys().cloned().zip(self.failed()).collect()
    }
}

fn uses(expression: &Expr, columns: &BTreeSet<String>) -> bool {
    expression.clone().meta().root_names().iter().any(|name| columns.contains(name.as_str()))
}

/// Derived columns, each after those it uses.
fn derived_in_order<'a>(config: &'a TableConfig, problems: &mut Collector) -> Vec<(&'a String, &'a Spanned<String>)> {
    let mut waiting: Vec<(&Spanned<String>, &Spanned<String>)> = config.derive.iter().collect();
    let mut ordered = Vec::new();
    while !waiting.is_empty() {
        let names: Vec<&String> = waiting.iter().map(|(name, _)| name.get_ref()).collect();
        // A column may be derived from the file's column of its own name.
        let ready = |(name, written): &(&Spanned<String>, &Spanned<String>)| {
            let uses = sql::expression(written.get_ref()).map(|expression| expression.meta().root_names()).unwrap_or_default();
            !uses.iter().any(|used| names.iter().any(|&other| other != name.get_ref() && other == used.as_str()))
        };
        let (now, later): (Vec<_>, Vec<_>) = waiting.iter().copied().partition(ready);
        if now.is_empty() {
            for (name, _) in &later {
                problems
                    .report(name.span(), format!("`{}` is derived from a column that is derived from it", name.get_ref()))
                    .help("derived columns may use each other, but not in a circle");
            }
            break;
        }
        ordered.extend(now.into_iter().map(|(name, written)| (name.get_ref(), written)));
        waiting = later;
    }
    ordered
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or(text)
}
