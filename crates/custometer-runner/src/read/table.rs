//! Tables: files with their mapped and derived columns, and the conditions that rows must meet.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use custometer_core::ColumnType;
use custometer_core::time::LocalClock;
use jiff::tz::TimeZone;
use polars::prelude::{Column, DataFrame, DataType, Expr, IntoLazy, LazyFrame, PolarsResult, Schema, UnionArgs, col, concat, lit};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::read::column::{self, StoredColumn, Style, Typed};
use crate::read::currency::{MinorUnits, RowCurrency};
use crate::read::fault::{Check, Origin, Reason, checks_by_number, fault_name, roots};
use crate::read::files::Opened;
use crate::read::known::Known;
use crate::read::lookup::{Found, LookedUp, Lookup, place_name};
use crate::read::scan::ROW;
use crate::read::shape::{Lists, NO_LIST, Shape};
use crate::read::text::{FAULT, Fault};
use crate::read::union::{Contribution, SOURCE, United};
use crate::read::watch::Watch;

/// A table of a report, ready to be planned over.
#[derive(Clone)]
pub struct Table {
    /// Its name in the config.
    pub name: String,
    /// What its rows are of.
    pub(crate) of: RowsOf,
    /// The condition that rows must meet.
    pub condition: Option<Expr>,
    /// The columns of its rows.
    pub schema: Schema,
    /// Reasons for which a row is of no use to any request.
    pub(crate) checks: Vec<Check>,
    /// The condition as it is written.
    pub(crate) written_condition: Option<Expr>,
    /// Which of the file's rows are not data.
    pub(crate) skipped: Option<Expr>,
    /// How its rows are made of those of the files.
    pub(crate) shape: Shape,
    /// Which rows repeat others, where the config says it.
    pub(crate) repetition: Option<Repetition>,
    /// How its rows become spans, where they are a log of changes.
    pub(crate) spans: Option<Spans>,
    pub(crate) style: Style,
    /// The clocks of the report.
    pub(crate) shown: Shown,
    pub(crate) columns: Columns,
    pub(crate) looks: BTreeMap<String, StoredColumn>,
    /// Columns that are meant to be there, but whose mapping or derivation is wrong.
    pub(crate) broken: BTreeSet<String>,
    /// Words that SQL over the rows compares columns with.
    pub(crate) named: Vec<Named>,
    /// Texts that mean a missing value.
    pub(crate) blanks: Vec<Blank>,
    /// Whether words of parameters are found in whatever case the rows have them.
    pub(crate) ignore_case: bool,
    /// In which currency its amounts are; none where nobody says it.
    pub(crate) currency: Option<RowCurrency>,
    /// How they are counted, where they are in the smallest units of their currencies: by source, where the table is a union.
    pub(crate) minor_units: Vec<Option<MinorUnits>>,
    /// Columns that its pack would make, each with the one that they would be made of and that the files do not have.
    pub(crate) absent: BTreeMap<String, String>,
}

/// What the rows of a table are of.
#[derive(Clone)]
pub(crate) enum RowsOf {
    /// Files.
    Files(Box<Opened>),
    /// Other tables.
    Union(Union),
}

/// Tables whose rows are those of one.
#[derive(Clone)]
pub(crate) struct Union {
    pub(crate) sources: Vec<UnionSource>,
    /// Why they can't use a row.
    pub(crate) reasons: Vec<Reason>,
}

/// One of the tables of a union.
#[derive(Clone)]
pub(crate) struct UnionSource {
    pub(crate) table: Arc<Table>,
    pub(crate) given: Contribution,
}

/// The rows of a table, as far as they have come.
pub(crate) struct Rows {
    /// All of them.
    pub(crate) all: LazyFrame,
    /// Those that are kept of rows which repeat each other, and of changes.
    pub(crate) once: LazyFrame,
    /// Of these, those that the table's condition keeps.
    pub(crate) met: LazyFrame,
    /// Those of the tables that it is a union of, each with the columns that are used of it.
    pub(crate) sources: Vec<(Rows, BTreeSet<String>)>,
}

/// A text that means a missing value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Blank {
    /// The file's column, and the one that has its texts as they are written.
    pub(crate) column: String,
    pub(crate) raw: String,
    /// Whether it is said of this column alone.
    pub(crate) of_column: bool,
    pub(crate) word: String,
}

/// A word that SQL compares a column with.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Named {
    /// The column of the parameter's condition; none for `where`, which is of all rows.
    pub(crate) condition: Option<String>,
    /// The SQL, as messages call it.
    pub(crate) named_by: String,
    pub(crate) column: String,
    pub(crate) word: String,
}

/// The clocks that times are shown by in expressions: those of the report.
#[derive(Debug, Clone)]
pub(crate) struct Shown {
    pub(crate) zone: TimeZone,
    pub(crate) clock: LocalClock,
}

impl Shown {
    pub(crate) fn new(zone: &TimeZone) -> Self {
        Self { zone: zone.clone(), clock: LocalClock::new(zone) }
    }
}

/// How a table's columns come from those of its files: each step over the one before.
#[derive(Clone, Default)]
pub(crate) struct Columns {
    /// The file's columns without what means a missing value.
    pub(crate) cleaned: Vec<Expr>,
    /// What the file has in columns where some texts mean a missing value.
    pub(crate) raw: Vec<Expr>,
    /// Where the rows are those of other tables, the columns of these.
    pub(crate) united: BTreeMap<String, United>,
    pub(crate) mapped: Vec<Expr>,
    pub(crate) lookups: Vec<Lookup>,
    /// Those that something derived takes the name of: they are kept under another, as they are written.
    pub(crate) kept: Vec<String>,
    pub(crate) derived: Vec<Derived>,
}

/// What an expression makes of each row.
#[derive(Debug, Clone)]
pub(crate) struct Derived {
    pub(crate) name: String,
    /// The values of a column; none where it is only asked whether the expression fails.
    pub(crate) value: Option<Expr>,
    /// Whether they are texts of which nothing tells yet what they are: of a column without a value in the first rows.
    pub(crate) is_untold: bool,
    /// The number of the reason for which it fails, from 1; null where it does not. None where it never fails.
    pub(crate) fault: Option<Expr>,
    pub(crate) reasons: Vec<Reason>,
    pub(crate) origin: Option<Origin>,
}

impl Derived {
    /// The columns that it is made of.
    fn roots(&self) -> BTreeSet<String> {
        self.value.iter().chain(&self.fault).flat_map(roots).collect()
    }

    /// Which rows it fails for, and why.
    fn checks(&self) -> Vec<Check> {
        if self.fault.is_some() { checks_by_number(&self.name, &self.reasons) } else { Vec::new() }
    }
}

/// The condition of a table, as what is derived from its rows.
pub(crate) const CONDITION: &str = "__condition";

/// What says which changes begin no span, as what is derived from their rows.
pub(crate) const GONE: &str = "__gone";

/// The column that keeps a column of the file as it is written.
pub(crate) fn written_name(column: &str) -> String {
    format!("__written:{column}")
}

impl Columns {
    /// Rows of files with all columns, as far as `found` has those that are looked up.
    pub(crate) fn over(&self, files: LazyFrame, found: &Found) -> LazyFrame {
        let kept: Vec<Expr> = self.kept.iter().map(|name| col(name.as_str()).alias(written_name(name))).collect();
        let mut rows = files.with_columns([self.cleaned.as_slice(), &self.raw].concat()).with_columns(&self.mapped).with_columns(&kept);
        for step in 0..=self.derived.len() {
            rows = self.lookups_at(step).fold(rows, |rows, lookup| lookup.over(rows, found));
            if let Some(derived) = self.derived.get(step) {
                let value = derived.value.iter().map(|value| value.clone().alias(derived.name.as_str()));
                let fault = derived.fault.iter().map(|fault| fault.clone().alias(fault_name(&derived.name)));
                rows = rows.with_columns(value.chain(fault).collect::<Vec<_>>());
            }
        }
        rows
    }

    /// The lookups that come after so many derived columns.
    fn lookups_at(&self, step: usize) -> impl DoubleEndedIterator<Item = &Lookup> {
        self.lookups.iter().filter(move |lookup| lookup.after == step)
    }

    /// A column that is looked up, with its lookup.
    pub(crate) fn looked_up(&self, name: &str) -> Option<(&Lookup, &LookedUp)> {
        self.lookups.iter().find_map(|lookup| Some((lookup, lookup.columns.iter().find(|column| column.name == name)?)))
    }

    /// The file's columns that a column is made of, whatever it is called.
    pub(crate) fn origins(&self, name: &str) -> BTreeSet<String> {
        let mut origins = BTreeSet::from([name.to_owned()]);
        for derived in self.derived.iter().rev().filter(|derived| derived.value.is_some()) {
            if origins.contains(&derived.name) {
                origins.extend(derived.roots());
            }
        }
        for mapped in &self.mapped {
            if mapped.clone().meta().output_name().is_ok_and(|name| origins.contains(name.as_str())) {
                origins.extend(roots(mapped));
            }
        }
        origins
    }

    /// The columns that these ones are made of, the files' own and others.
    pub(crate) fn read(&self, used: BTreeSet<String>) -> BTreeSet<String> {
        let mut read = used;
        for step in (0..=self.derived.len()).rev() {
            let derived = self.derived.get(step);
            if let Some(derived) = derived.filter(|derived| read.contains(&derived.name) || read.contains(&fault_name(&derived.name))) {
                read.extend(derived.roots());
                read.extend(derived.reasons.iter().filter_map(|reason| reason.origin.as_ref()).map(|origin| origin.column.clone()));
            }
            for lookup in self.lookups_at(step).rev() {
                if lookup.gives(&read) {
                    read.extend(lookup.roots());
                    read.extend(lookup.reasons.iter().filter_map(|reason| reason.origin.as_ref()).map(|origin| origin.column.clone()));
                }
            }
        }
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
        // Something derived may have taken its name.
        if let Some((united, looks)) = self.columns.united.get(name).zip(self.looks.get(name)) {
            return united.typed(looks, kind, &self.style);
        }
        let style = self.columns.looked_up(name).map_or(&self.style, |(_, column)| &column.style);
        column::typed(name, stored, self.looks.get(name), kind, style)
    }

    /// Whether nothing tells yet what the values of a column are.
    pub(crate) fn is_untold(&self, name: &str) -> bool {
        let derived = self.columns.derived.iter().find(|derived| derived.name == name && derived.value.is_some());
        derived.map_or_else(|| self.looks.get(name).is_some_and(StoredColumn::is_untold), |derived| derived.is_untold)
    }

    /// Its files, each with its position among those that are opened together.
    pub(crate) fn opened_files(&self) -> Vec<(&Opened, usize)> {
        match &self.of {
            RowsOf::Files(opened) => (0..opened.files.len()).map(|file| (opened.as_ref(), file)).collect(),
            RowsOf::Union(union) => union.sources.iter().flat_map(|source| source.table.opened_files()).collect(),
        }
    }

    /// Lets whoever watches a run stop the reading of its files.
    pub(crate) fn watch(&mut self, watch: &Watch) {
        match &mut self.of {
            RowsOf::Files(opened) => opened.watch = watch.clone(),
            RowsOf::Union(union) => union.sources.iter_mut().for_each(|source| Arc::make_mut(&mut source.table).watch(watch)),
        }
    }

    /// The positions of the files that are read for it alone; none where they are those of other tables.
    pub(crate) fn own_files(&self) -> Range<usize> {
        match &self.of {
            RowsOf::Files(opened) => 0..opened.files.len(),
            RowsOf::Union(_) => 0..0,
        }
    }

    /// The paths of its files.
    pub(crate) fn files(&self) -> Vec<&PathBuf> {
        self.opened_files().into_iter().map(|(opened, file)| &opened.files[file]).collect()
    }

    /// The tables that it is a union of.
    pub(crate) fn sources(&self) -> &[UnionSource] {
        match &self.of {
            RowsOf::Files(_) => &[],
            RowsOf::Union(union) => &union.sources,
        }
    }

    /// Whether it has rows which may be damaged, each by itself.
    pub(crate) fn has_records(&self) -> bool {
        self.opened_files().iter().any(|(opened, _)| opened.format.has_records())
    }

    /// Whether several of its rows may be made of one of a file.
    pub(crate) fn is_made(&self) -> bool {
        !self.shape.is_plain() || self.sources().iter().any(|source| source.table.is_made())
    }

    /// Whether some of its rows are made of the columns of one.
    pub(crate) fn is_unpivoted(&self) -> bool {
        self.shape.unpivot.is_some() || self.sources().iter().any(|source| source.table.is_unpivoted())
    }

    /// Whether a column comes from the values of columns that became rows.
    pub(crate) fn is_of_unpivoted(&self, column: &str) -> bool {
        let origins = self.columns.origins(column);
        let of_source = |source: &UnionSource| origins.iter().any(|origin| source.table.is_of_unpivoted(origin));
        self.shape.unpivot.as_ref().is_some_and(|unpivot| origins.contains(&unpivot.value)) || self.sources().iter().any(of_source)
    }

    /// What one of these columns comes of that differs between the rows which are made of one; none where nothing does.
    pub(crate) fn made_of(&self, columns: impl IntoIterator<Item = String>) -> Option<String> {
        let made = self.shape.made();
        let mut origins = columns.into_iter().flat_map(|column| self.columns.origins(&column));
        let of_source = |origin: &String, source: &UnionSource| source.table.made_of(vec![origin.clone()]).is_some();
        origins.find(|origin| made.contains(origin.as_str()) || self.sources().iter().any(|source| of_source(origin, source)))
    }

    /// Whether a column has the ends of spans, which the next change tells.
    pub(crate) fn is_end(&self, column: &str) -> bool {
        self.shape.end.as_deref() == Some(column) || self.sources().iter().any(|source| source.table.is_end(column))
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

    /// The columns that are read where these ones are used.
    pub(crate) fn read(&self, used: BTreeSet<String>) -> BTreeSet<String> {
        let conditions = self.condition.iter().chain(self.checks.iter().map(|check| &check.fails));
        let conditions = conditions.flat_map(roots).chain(self.spans.iter().map(|_| GONE.to_owned()));
        let mut read = self.columns.read(used.into_iter().chain(conditions).collect());
        read.extend(self.skipped.iter().flat_map(roots));
        read
    }

    /// The columns of the files that are read where these ones are used.
    pub(crate) fn read_of_files(&self, used: BTreeSet<String>) -> BTreeSet<String> {
        self.shape.read(self.read(used))
    }

    /// The lookups that give any of the columns which are read where these ones are used.
    pub(crate) fn used_lookups(&self, used: &BTreeSet<String>) -> impl Iterator<Item = &Lookup> {
        let read = self.read(used.clone());
        self.columns.lookups.iter().filter(move |lookup| lookup.gives(&read))
    }

    /// Columns with those that say which rows the used lookups find.
    pub(crate) fn with_places(&self, mut used: BTreeSet<String>) -> BTreeSet<String> {
        let places: Vec<String> = self.used_lookups(&used).map(|lookup| place_name(&lookup.name)).collect();
        used.extend(places);
        used
    }

    /// The rows, with mapped, derived and looked-up columns. Only the `used` ones are sure to be filled.
    ///
    /// # Errors
    ///
    /// When a file can't be scanned any more.
    pub(crate) fn rows(&self, known: &Known<'_>, used: BTreeSet<String>) -> PolarsResult<Rows> {
        let read = self.read_of_files(self.with_places(used));
        let (rows, sources) = match &self.of {
            RowsOf::Files(opened) => {
                let rows = known.files.clone().map_or_else(|| opened.rows(known.indices, read, known.only.clone()), Ok)?;
                (self.skipped.iter().fold(rows, |rows, skipped| rows.filter(skipped.clone().not())), Vec::new())
            }
            RowsOf::Union(union) => union.rows(&self.columns.united, known, &read)?,
        };
        let all = self.columns.over(self.shape.over(rows, known.kept.ends()), &known.found).cache();
        let once = known.kept.of(all.clone());
        // In the streaming engine a cache does not store rows, but is a point from which each batch goes several ways.
        let met = self.condition.iter().cloned().fold(once.clone(), LazyFrame::filter).cache();
        Ok(Rows { all, once, met, sources })
    }

    /// The columns of the rows of its files before anything is mapped or made of them. A union has none of its own.
    pub(crate) fn stored(&self) -> Schema {
        self.opened().map(|opened| self.shape.schema(&opened.schema)).unwrap_or_default()
    }

    /// Its files, where they are its own.
    pub(crate) fn opened(&self) -> Option<&Opened> {
        match &self.of {
            RowsOf::Files(opened) => Some(opened),
            RowsOf::Union(_) => None,
        }
    }

    /// The first rows with all columns, as far as they are known beforehand.
    pub(crate) fn first_rows(&self) -> LazyFrame {
        self.columns.over(self.shape.over(self.of.first_rows(&self.columns.united), None), &Found::default())
    }

    /// No rows, with all columns.
    pub(crate) fn no_rows(&self) -> LazyFrame {
        self.columns.over(self.shape.over(self.of.no_rows(&self.columns.united), None), &Found::default())
    }

    /// How many values a column has, to go by the first rows; none where they are too few to tell.
    pub(crate) fn distinct(&self, name: &str) -> Option<usize> {
        if let Some((_, column)) = self.columns.looked_up(name) {
            return column.distinct;
        }
        let values = self.first_rows().select([col(name)]);
        let [values] = columns_of(values).try_into().ok()?;
        let distinct = values.n_unique().ok()?;
        // One more for a value that is missing.
        (distinct * 20 <= values.len()).then_some(distinct + 1)
    }

    /// Puts together why rows are rejected, once all expressions are known.
    pub(crate) fn settle(&mut self) {
        self.checks = match &self.of {
            RowsOf::Files(opened) if opened.format.has_records() => faults(),
            RowsOf::Files(_) => Vec::new(),
            RowsOf::Union(union) => checks_by_number(SOURCE, &union.reasons),
        };
        self.checks.extend(self.shape.explode.iter().filter(|explode| explode.lists == Lists::Json).map(|explode| Check {
            reason: Reason::new(format!("`{}` is not an array of JSON", explode.column), Some(Origin::itself(&explode.column))),
            fails: col(NO_LIST).fill_null(lit(false)),
        }));
        // What decides whether a row is one at all concerns everyone.
        let newest = self.repetition.as_ref().and_then(|repetition| match &repetition.keep {
            Keep::Newest(column) => Some(column.as_str()),
            _ => None,
        });
        let keys = self.repetition.iter().flat_map(|repetition| repetition.by.iter().map(String::as_str));
        let of_all: Vec<Check> = keys
            .chain(newest)
            .chain([CONDITION])
            .chain(self.spans.iter().flat_map(Spans::columns))
            .flat_map(|name| self.faults_of(name))
            .collect();
        self.checks.extend(of_all);
        let age = self.repetition.as_ref().and_then(|repetition| repetition.age.as_ref()).zip(newest);
        let age = age.map(|(age, column)| Check {
            reason: Reason::new(age.reason.clone(), Some(Origin::itself(column))),
            fails: age.unreadable.clone().fill_null(lit(false)),
        });
        self.checks.extend(age);
        let of_others = self.checks.len();
        self.checks.extend(self.spans.iter().flat_map(|spans| spans.checks.iter().cloned()));
        // A row that a condition can't be told for is not left out by it, but rejected. What is no change need not be one of anybody.
        let is_first = self.spans.as_ref().is_some_and(|spans| spans.where_first);
        let asked = if is_first { of_others } else { self.checks.len() };
        let fails = self.checks[..asked].iter().map(|check| check.fails.clone());
        self.condition = self.written_condition.clone().map(|condition| fails.fold(condition, Expr::or));
    }

    /// The lookup that found the row of another table that is at fault for a reason.
    pub(crate) fn lookup_of<'a>(&'a self, reason: &'a Reason) -> Option<&'a str> {
        let of_column = |origin: &Origin| Some(self.columns.looked_up(&origin.column)?.0.name.as_str());
        reason.lookup.as_deref().or_else(|| of_column(reason.origin.as_ref()?))
    }

    /// Whether a column's own expression, or its lookup, may fail, with what is found.
    pub(crate) fn may_fail(&self, name: &str, found: &Found) -> bool {
        self.columns.looked_up(name).map_or_else(|| !self.faults_of(name).is_empty(), |(lookup, column)| lookup.may_fail(column, found))
    }

    /// The rows for which a column's own expression fails, and why.
    pub(crate) fn faults_of(&self, name: &str) -> Vec<Check> {
        let derived = self.columns.derived.iter().filter(|derived| derived.name == name).flat_map(Derived::checks);
        let looked_up = self.columns.looked_up(name).into_iter().flat_map(|(lookup, column)| lookup.checks_of(column));
        let united = self.columns.united.get(name).filter(|_| self.looks.contains_key(name));
        derived.chain(looked_up).chain(united.into_iter().flat_map(|united| checks_by_number(name, &united.fails))).collect()
    }

    pub(crate) fn columns(&self) -> Vec<String> {
        self.schema.iter_names().map(ToString::to_string).filter(|name| !name.starts_with("__")).collect()
    }
}

impl RowsOf {
    /// The first rows, before anything is made of their columns; of a union, `united`.
    pub(crate) fn first_rows(&self, united: &BTreeMap<String, United>) -> LazyFrame {
        match self {
            Self::Files(opened) => opened.sample.clone().lazy(),
            Self::Union(union) => union.over(united, Table::first_rows, false),
        }
    }

    /// No rows, with their columns.
    pub(crate) fn no_rows(&self, united: &BTreeMap<String, United>) -> LazyFrame {
        match self {
            Self::Files(opened) => opened.no_rows(),
            Self::Union(union) => union.over(united, Table::no_rows, true),
        }
    }
}

impl Union {
    /// The rows of all sources with what is read of them, and how far those of each have come.
    fn rows(&self, united: &BTreeMap<String, United>, known: &Known<'_>, read: &BTreeSet<String>) -> PolarsResult<UnitedRows> {
        let columns: Vec<&str> = united.values().filter(|column| column.is_read(read)).map(|column| column.name.as_str()).collect();
        let (mut all, mut sources, mut first) = (Vec::new(), Vec::new(), 0_u64);
        for (number, source) in self.sources.iter().enumerate() {
            let mut of_source = known.sources.get(number).cloned().unwrap_or_default();
            let count = of_source.indices.iter().map(|index| index.rows).sum::<u64>();
            of_source.only = known.only.as_ref().map(|only| only.start.saturating_sub(first)..only.end.saturating_sub(first).min(count));
            let used = source.given.used(&columns);
            let rows = source.table.rows(&of_source, used.clone())?;
            let given = source.given.of(&columns).chain(source.given.places.iter().cloned());
            all.push(rows.met.clone().with_column(col(ROW) + lit(first)).select(given.collect::<Vec<_>>()));
            first += count;
            sources.push((rows, used));
        }
        Ok((concat(all, UnionArgs::default())?, sources))
    }

    /// Rows of all sources with every column, and where they are `placed` with what is known of them.
    fn over(&self, united: &BTreeMap<String, United>, rows: impl Fn(&Table) -> LazyFrame, placed: bool) -> LazyFrame {
        let columns: Vec<&str> = united.keys().map(String::as_str).collect();
        let of_source = |UnionSource { table, given }: &UnionSource| {
            let places = given.places.iter().filter(|_| placed).cloned();
            rows(table).select(given.of(&columns).chain(places).collect::<Vec<_>>())
        };
        // There is a source.
        concat(self.sources.iter().map(of_source).collect::<Vec<_>>(), UnionArgs::default()).unwrap_or_default()
    }
}

/// The rows of a union, and those of its sources.
type UnitedRows = (LazyFrame, Vec<(Rows, BTreeSet<String>)>);

/// The reasons for which a row of a text file is damaged as a whole.
fn faults() -> Vec<Check> {
    let check = |fault: Fault| {
        let reason = Reason::new(fault.reason().to_owned(), None);
        Check { reason, fails: col(FAULT).eq(lit(fault.code())).fill_null(lit(false)) }
    };
    Fault::ALL.map(check).to_vec()
}

/// The columns of a few rows; none where they can't be computed.
#[expect(clippy::disallowed_methods, reason = "the first rows are looked at before anything is planned")]
pub(crate) fn columns_of(rows: LazyFrame) -> Vec<Column> {
    rows.collect().map(DataFrame::into_columns).unwrap_or_default()
}

/// Rows that repeat others: those that share a key.
#[derive(Clone)]
pub(crate) struct Repetition {
    /// The columns of the key.
    pub(crate) by: Vec<String>,
    pub(crate) keep: Keep,
    /// Whether the table's condition leaves out rows beforehand, and not afterwards.
    pub(crate) where_first: bool,
    /// What makes one row newer than another, where that decides.
    pub(crate) age: Option<Age>,
}

impl Repetition {
    /// The columns that tell which rows repeat others.
    pub(crate) fn reads(&self) -> BTreeSet<String> {
        self.by.iter().cloned().chain(self.age.iter().flat_map(|age| roots(&age.value))).collect()
    }
}

/// How rows that are changes become spans.
#[derive(Clone)]
pub(crate) struct Spans {
    /// The columns that tell whose changes they are.
    pub(crate) of: Vec<String>,
    /// The column of their times, and the instant there; null where there is none.
    pub(crate) at: String,
    pub(crate) instant: Expr,
    /// Which of several changes at one instant is kept.
    pub(crate) keep: Keep,
    /// What makes one of them newer than another, where that decides.
    pub(crate) age: Option<Age>,
    /// Whether the table's condition leaves out rows beforehand, and not afterwards.
    pub(crate) where_first: bool,
    /// Why a row is no change of anybody at any time.
    pub(crate) checks: Vec<Check>,
}

impl Spans {
    /// The columns that tell when each row ends.
    pub(crate) fn columns(&self) -> impl Iterator<Item = &str> {
        let newest = match &self.keep {
            Keep::Newest(column) => Some(column.as_str()),
            _ => None,
        };
        self.of.iter().map(String::as_str).chain([self.at.as_str(), GONE]).chain(newest)
    }
}

/// What makes one row newer than another.
#[derive(Clone)]
pub(crate) struct Age {
    /// An instant or a number; null where there is none.
    pub(crate) value: Expr,
    /// Whether there is one that can't be read, and what it is not.
    pub(crate) unreadable: Expr,
    pub(crate) reason: String,
}

/// Which of several rows with the same key is kept.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Keep {
    /// The first one.
    #[default]
    First,
    /// The last one.
    Last,
    /// None: that there are several is an error, and the run fails.
    Error,
    /// The one with the latest time, or the greatest number, in this column; of equal ones the last.
    Newest(String),
}
