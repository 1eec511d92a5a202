//! What the outputs for people share: each request as columns of text, what to know about them, and what stands above them all.

use custometer_core::{Baseline, DimensionValue, Unit};
use custometer_runner::result::{
    Alert, Benchmark, GroupComparison, Judgement, Manifest, RejectedRow, Rejection, ResultRow, RowCount, RunResult, Severity, Shown,
    Status, TableManifest, TableUse, Target, rounded,
};

use crate::quantity::Quantity;
use crate::sparkline::{self, Trend};
use crate::tidy::{defined, dimension_names};
use crate::{human, period};

/// What stands for an undefined value.
pub(crate) const UNDEFINED: &str = "–";

/// What stands for a value that is withheld.
const SUPPRESSED: &str = "suppressed";

/// What marks a change that is significant.
const SIGNIFICANT: &str = "†";

/// The same behind a change, on the same line.
const MARK: &str = "\u{a0}†";

/// So many rejected rows are shown for each reason.
const EXAMPLES: usize = 3;

/// Of a rejected row's value, so many characters are shown.
const EXAMPLE_LENGTH: usize = 40;

/// A space that no line breaks at, as long as the output is laid out.
pub(crate) const GLUE: &str = "\u{a0}";

/// What a text is, for outputs that have colours.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Tone {
    #[default]
    Plain,
    Good,
    Warning,
    Bad,
    /// Not known, or not shown.
    Faint,
}

/// A text and what it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Text {
    pub(crate) text: String,
    pub(crate) tone: Tone,
}

impl Text {
    fn toned(text: impl Into<String>, tone: Tone) -> Self {
        Self { text: text.into(), tone }
    }
}

impl<T: Into<String>> From<T> for Text {
    fn from(text: T) -> Self {
        Self::toned(text, Tone::Plain)
    }
}

/// A column of text that is ready to be shown.
#[derive(Clone)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) cells: Vec<Text>,
    pub(crate) is_right: bool,
    /// Whether a long word may be broken where there is little room.
    pub(crate) breaks: bool,
    /// Whether it says what a row is of, and belongs beside any other column.
    pub(crate) is_key: bool,
}

impl Column {
    /// Words to the left.
    fn text<T, C: Into<Text>>(name: &str, rows: &[T], cell: impl FnMut(&T) -> C) -> Self {
        Self { name: name.to_owned(), cells: rows.iter().map(cell).map(Into::into).collect(), is_right: false, breaks: true, is_key: false }
    }

    /// A number to the right, on one line.
    fn number<T, C: Into<Text>>(name: &str, rows: &[T], mut cell: impl FnMut(&T) -> C) -> Self {
        Self::phrase(name, rows, |row| {
            let cell = cell(row).into();
            Text { text: cell.text.replace(' ', GLUE), ..cell }
        })
    }

    /// Words that are not broken, to the right.
    fn phrase<T, C: Into<Text>>(name: &str, rows: &[T], cell: impl FnMut(&T) -> C) -> Self {
        Self { breaks: false, ..Self::text(name, rows, cell).right() }
    }

    fn right(self) -> Self {
        Self { is_right: true, ..self }
    }
}

/// One request: its name, its values, and what to know about them.
pub(crate) struct Section {
    pub(crate) heading: String,
    pub(crate) columns: Vec<Column>,
    /// How the values went over time.
    pub(crate) trends: Vec<Trend>,
    pub(crate) notes: Vec<String>,
}

/// The requests of a result, in order.
pub(crate) fn sections(result: &RunResult) -> Vec<Section> {
    let of_one = result.results.chunk_by(|a, b| (&a.request, a.metric, a.unit) == (&b.request, b.metric, b.unit));
    of_one.map(|rows| section(rows, &result.manifest)).collect()
}

fn section(rows: &[ResultRow], manifest: &Manifest) -> Section {
    let notes = Notes::of(rows);
    let mut columns: Vec<Column> = Vec::new();
    let periods = period::labels(rows, manifest.fiscal_year_start);
    if rows.iter().any(|row| row.start.is_some()) {
        let mut labels = periods.iter();
        columns.push(Column::text("period", rows, |row| {
            let label = together(labels.next().map_or("", String::as_str));
            if row.partial { label + "*" } else { label }
        }));
    }
    for name in dimension_names(rows) {
        columns.push(Column::text(&human::line(name), rows, |row| match row.dimension(name) {
            None => "(all)".to_owned(),
            Some(DimensionValue::Missing) => "(missing)".to_owned(),
            Some(value) => human::line(&value.to_string()),
        }));
    }
    for column in &mut columns {
        column.is_key = true;
    }
    columns.push(Column::number("value", rows, |row| match row.shown() {
        Shown::Value(value) => human::value(value, row).into(),
        Shown::Undefined => Text::toned(UNDEFINED, Tone::Faint),
        Shown::Suppressed => Text::toned(SUPPRESSED, Tone::Faint),
    }));
    if rows.iter().any(|row| row.low.or(row.high).is_some()) {
        columns.push(Column::text("interval", rows, |row| interval(row.low, row.high, row)).right());
    }
    if rows.iter().any(|row| row.n.is_some()) {
        columns.push(Column::number("n", rows, |row| defined(row.n).map(human::count).unwrap_or_default()));
    }
    if rows.iter().any(|row| row.target.is_some()) {
        let differ = targets_differ(rows);
        columns.push(Column::phrase("target", rows, |row| {
            let Some(of) = row.target.as_ref() else { return Text::default() };
            let Text { text, tone } = judgement(of);
            let goal = if differ { goal(&of.target, row.into()).replace(' ', GLUE) + ": " } else { String::new() };
            Text::toned(goal + &text, tone)
        }));
    }
    if rows.iter().any(|row| row.benchmark.is_some()) {
        columns.push(Column::phrase("vs benchmark", rows, against));
    }
    let baselines = manifest.compare.iter().filter(|&&baseline| rows.iter().any(|row| row.comparison(baseline).is_some()));
    columns.extend(baselines.map(|&baseline| Column::phrase(&versus(baseline), rows, |row| change(row, baseline))));
    if let Some(beside) = rows.iter().find_map(|row| row.group_comparison.as_deref()) {
        columns.push(Column::phrase(&format!("vs {}", human::line(&beside.with.to_string())), rows, beside_other));
        if rows.iter().filter_map(|row| row.group_comparison.as_deref()).any(|beside| beside.low.or(beside.high).is_some()) {
            let ends = |row: &ResultRow| row.group_comparison.as_deref().map(|beside| difference_interval(beside, row)).unwrap_or_default();
            columns.push(Column::text("interval of it", rows, ends).right());
        }
        columns.push(Column::number("p", rows, |row| {
            let p_value = row.group_comparison.as_deref().and_then(|beside| defined(beside.p_value));
            p_value.map(human::p_value).unwrap_or_default()
        }));
    }
    if notes.differ {
        columns.push(Column::number("note", rows, |row| notes.number(row)));
    }

    let first = &rows[0];
    let quantity = Quantity::of_all(rows).unwrap_or(first.unit.into());
    let heading = if first.request == first.metric {
        format!("{}, {}", first.metric, quantity.name())
    } else {
        format!("{} ({}), {}", human::line(&first.request), first.metric, quantity.name())
    };
    let mut lines = Vec::new();
    if let Some(target) = rows.iter().find_map(|row| row.target.as_ref()).filter(|_| !targets_differ(rows)) {
        lines.push(format!("Target: {}.", whole_goal(&target.target, quantity)));
    }
    if let Some(Benchmark { value, source }) = rows.iter().find_map(|row| row.benchmark.as_ref()).map(|against| against.benchmark.as_ref())
    {
        lines.push(format!("Benchmark: {} ({}).", human::value(*value, quantity), human::line(source)));
    }
    if rows.iter().any(|row| row.partial) {
        lines.push("* Partial: cut by the report's period, or not yet covered by the data.".to_owned());
    }
    if rows.iter().any(|row| row.suppressed) {
        let than = manifest.min_group_size.map_or_else(|| "the least size".to_owned(), whole);
        lines.push(format!("Suppressed: groups smaller than {than}, and those that would reveal them."));
    }
    let of_time = rows.iter().flat_map(|row| &row.comparisons).map(|comparison| comparison.significant);
    let of_groups = rows.iter().filter_map(|row| row.group_comparison.as_deref()).map(|beside| beside.significant);
    if of_time.chain(of_groups).any(|significant| significant == Some(true)) {
        // The subtraction leaves digits that mean nothing.
        lines.push(format!("{SIGNIFICANT} Significant: the p-value of no change is below {}.", rounded(1.0 - manifest.confidence)));
    }
    lines.extend(notes.lines());
    Section { heading, columns, trends: sparkline::trends(rows, &periods), notes: lines }
}

/// Whether rows have targets that differ, as those of a table do.
pub(crate) fn targets_differ(rows: &[ResultRow]) -> bool {
    let mut targets = rows.iter().filter_map(|row| row.target.as_ref()).map(|judgement| {
        let Target { at_least, at_most, holds, .. } = judgement.target.as_ref();
        (at_least, at_most, holds)
    });
    targets.next().is_some_and(|first| targets.any(|other| other != first))
}

/// How the column of a baseline is called.
fn versus(baseline: Baseline) -> String {
    match baseline {
        Baseline::Previous => "vs previous".to_owned(),
        Baseline::YearAgo => "vs year ago".to_owned(),
        Baseline::Named(name) => format!("vs {}", human::line(name.as_str())),
    }
}

/// The change from a baseline, such as `+4.3 (+10.2 %) † better`.
pub(crate) fn change(row: &ResultRow, baseline: Baseline) -> Text {
    let Some(comparison) = row.comparison(baseline).filter(|_| !row.suppressed) else { return Text::default() };
    difference(comparison.change, comparison.relative_change, mark(comparison.significant), row)
}

/// The difference from another group.
fn beside_other(row: &ResultRow) -> Text {
    let Some(beside) = row.group_comparison.as_deref().filter(|_| !row.suppressed) else { return Text::default() };
    difference(beside.difference, beside.relative_difference, mark(beside.significant), row)
}

/// Both ends of the interval of a difference.
fn difference_interval(beside: &GroupComparison, row: &ResultRow) -> String {
    match defined(beside.low).zip(defined(beside.high)) {
        Some((low, high)) => {
            let [low, high] = [low, high].map(|end| human::change(end, row).replace(' ', GLUE));
            format!("{low}{GLUE}– {high}")
        }
        None => String::new(),
    }
}

/// The difference from the benchmark.
fn against(row: &ResultRow) -> Text {
    let Some(against) = row.benchmark.as_ref().filter(|_| !row.suppressed) else { return Text::default() };
    difference(against.change, against.relative_change, "", row)
}

/// What stands behind a difference that is significant.
fn mark(significant: Option<bool>) -> &'static str {
    if significant == Some(true) { MARK } else { "" }
}

/// A difference in the row's unit and in percent, with a mark, and whether it is good news.
fn difference(change: Option<f64>, relative: Option<f64>, mark: &str, row: &ResultRow) -> Text {
    let Some(change) = defined(change) else { return Text::toned(UNDEFINED, Tone::Faint) };
    let absolute = human::change(change, row).replace(' ', GLUE);
    let relative = defined(relative).map(|percent| format!(" ({})", human::relative(percent).replace(' ', GLUE))).unwrap_or_default();
    let (verdict, tone) = match row.is_better(Some(change)) {
        Some(true) => (" better", Tone::Good),
        Some(false) => (" worse", Tone::Bad),
        None => ("", Tone::Plain),
    };
    Text::toned(absolute + &relative + mark + verdict, tone)
}

/// How a value stands to its target, such as `✓ met` or `! at risk, 62.0 %`.
fn judgement(judgement: &Judgement) -> Text {
    // A goal that is true or false is done or not, and no percentage says more.
    let progress = defined(judgement.progress).filter(|_| judgement.target.holds.is_none());
    let progress = progress.map(|percent| format!(", {}", human::value(percent, Unit::Percent).replace(' ', GLUE))).unwrap_or_default();
    let Text { text, tone } = status(judgement.status);
    Text::toned(text.replace(' ', GLUE) + &progress, tone)
}

/// A status with its mark: colours are not all that tells them apart.
pub(crate) fn status(status: Status) -> Text {
    match status {
        Status::Met => Text::toned("✓ met", Tone::Good),
        Status::AtRisk => Text::toned("! at risk", Tone::Warning),
        Status::Missed => Text::toned("✗ missed", Tone::Bad),
        Status::Unknown => Text::toned("? unknown", Tone::Faint),
    }
}

/// A target in words, such as `at least 40.0`.
fn goal(target: &Target, quantity: Quantity) -> String {
    human::line(&target.in_words(|number| human::value(number, quantity)))
}

/// All of a target in words, such as `at least 40.0; at risk down to 30.0; progress from 20.0`.
fn whole_goal(target: &Target, quantity: Quantity) -> String {
    let limits = [(target.warn_below, "at risk down to"), (target.warn_above, "at risk up to"), (target.start, "progress from")];
    let limits = limits.into_iter().filter_map(|(limit, words)| Some(format!("; {words} {}", human::value(limit?, quantity))));
    let by_interval = if target.by_interval { "; at risk where the interval reaches beyond it" } else { "" };
    goal(target, quantity) + &limits.collect::<String>() + by_interval
}

/// How many targets are met and not, as their deciding results say, and which are not; none where the report has no target.
pub(crate) fn targets(result: &RunResult) -> Option<(String, Vec<Text>)> {
    let statuses = [(Status::Met, "met"), (Status::AtRisk, "at risk"), (Status::Missed, "missed"), (Status::Unknown, "unknown")];
    let counts = statuses.map(|(status, name)| (result.decided(status).count(), name));
    let counts: Vec<String> = counts.iter().filter(|(count, _)| *count > 0).map(|(count, name)| format!("{count} {name}")).collect();
    let short = [Status::Missed, Status::AtRisk, Status::Unknown].into_iter().flat_map(|state| {
        result.decided(state).map(move |row| {
            let Text { text, tone } = status(state);
            Text::toned(format!("{text}: {}", line(row, result)), tone)
        })
    });
    let lines: Vec<Text> = short.collect();
    (!counts.is_empty()).then(|| (format!("Targets: {}.", counts.join(", ")), lines))
}

/// A result on one line, such as `nps (region: north), 2025-12: +28.5, target at least +40.0`.
pub fn line(row: &ResultRow, result: &RunResult) -> String {
    let target = row.target.as_ref().map(|judgement| format!(", target {}", goal(&judgement.target, row.into())));
    standing(row, &result.manifest) + &target.unwrap_or_default()
}

/// A result on one line, such as `nps (region: north), 2025-12: +28.5`.
fn standing(row: &ResultRow, manifest: &Manifest) -> String {
    let dimensions: Vec<String> = row.dimensions.iter().map(|(name, value)| named(name, value)).collect();
    let group = if dimensions.is_empty() { String::new() } else { format!(" ({})", dimensions.join(", ")) };
    let label = period::labels(std::slice::from_ref(row), manifest.fiscal_year_start).remove(0);
    let label = if label.is_empty() { label } else { format!(", {label}") };
    let value = match row.shown() {
        Shown::Value(value) => human::value(value, row),
        Shown::Undefined => "undefined".to_owned(),
        Shown::Suppressed => SUPPRESSED.to_owned(),
    };
    format!("{}{group}{label}: {value}", human::line(&row.request))
}

fn named(name: &str, value: &DimensionValue) -> String {
    let value = if *value == DimensionValue::Missing { "(missing)".to_owned() } else { value.to_string() };
    format!("{}: {}", human::line(name), human::line(&value))
}

/// The alerts, the gravest first.
pub(crate) fn alerts(alerts: &[Alert]) -> Vec<Text> {
    let mut alerts: Vec<&Alert> = alerts.iter().collect();
    alerts.sort_by_key(|alert| std::cmp::Reverse(alert.severity));
    let line = |alert: &Alert| {
        let tone = match alert.severity {
            Severity::Critical => Tone::Bad,
            Severity::Warning => Tone::Warning,
            Severity::Info => Tone::Plain,
        };
        Text::toned(format!("{} {}: {}", alert.severity.as_str(), human::line(&alert.name), human::line(&alert.message)), tone)
    };
    alerts.into_iter().map(line).collect()
}

/// Both ends of an interval, or the one there is.
pub(crate) fn interval(low: Option<f64>, high: Option<f64>, quantity: impl Into<Quantity>) -> String {
    let quantity = quantity.into();
    let show = |bound| human::value(bound, quantity);
    match (defined(low), defined(high)) {
        (Some(low), Some(high)) => together(&format!("{} – {}", show(low), show(high))),
        (Some(low), None) => together(&format!("≥ {}", show(low))),
        (None, Some(high)) => together(&format!("≤ {}", show(high))),
        (None, None) => String::new(),
    }
}

/// A range that is broken after the dash only.
fn together(range: &str) -> String {
    range.replace(' ', GLUE).replace(&format!("–{GLUE}"), "– ")
}

/// The notes of a section. Where they differ from row to row they are numbered.
struct Notes<'a> {
    distinct: Vec<&'a str>,
    differ: bool,
}

impl<'a> Notes<'a> {
    fn of(rows: &'a [ResultRow]) -> Self {
        let mut distinct = Vec::new();
        for note in rows.iter().filter_map(|row| row.note.as_deref()) {
            if !distinct.contains(&note) {
                distinct.push(note);
            }
        }
        let differ = rows.iter().any(|row| row.note != rows[0].note);
        Self { distinct, differ }
    }

    /// The number of a row's note.
    fn number(&self, row: &ResultRow) -> String {
        let index = self.distinct.iter().position(|note| Some(*note) == row.note.as_deref());
        index.map(|index| (index + 1).to_string()).unwrap_or_default()
    }

    fn lines(&self) -> impl Iterator<Item = String> {
        self.distinct.iter().enumerate().map(|(index, note)| {
            let number = if self.differ { format!(" {}", index + 1) } else { String::new() };
            format!("Note{number}: {}", human::line(note))
        })
    }
}

/// The rejected rows, by reason.
pub(crate) fn rejected(rejected: &[Rejection]) -> Vec<Column> {
    vec![
        Column::text("table", rejected, |rejection| human::line(&rejection.table)),
        Column::text("reason", rejected, |rejection| human::line(&rejection.reason)),
        Column::number("rows", rejected, |rejection| whole(rejection.rows)),
        Column::text("requests", rejected, |rejection| human::line(&rejection.requests.join(", "))),
    ]
}

/// What was rejected, and the first rows of it, for each reason. Rows that several groups of requests went without for one reason are shown once.
pub(crate) fn rejected_examples(rejected: &[Rejection]) -> Vec<(String, Vec<String>)> {
    let mut seen: Vec<(&str, &str)> = Vec::new();
    let mut shown = Vec::new();
    for rejection in rejected.iter().filter(|rejection| !rejection.examples.is_empty()) {
        if !seen.contains(&(&rejection.table, &rejection.reason)) {
            seen.push((&rejection.table, &rejection.reason));
            let heading = format!("{} in `{}`, for example:", human::line(&rejection.reason), human::line(&rejection.table));
            shown.push((heading, rejection.examples.iter().take(EXAMPLES).map(example).collect()));
        }
    }
    shown
}

/// One rejected row, such as "orders.csv, row 17: `amount` is `12,x`".
fn example(row: &RejectedRow) -> String {
    let place = format!("{}, row {}", human::line(&row.file), whole(row.row));
    let found = row.looked_up_in.as_ref().map(|found| format!(", looked up in {}, row {}", human::line(&found.file), whole(found.row)));
    let found = found.unwrap_or_default();
    let value = row.value.as_deref().map(shortened);
    match (row.column.as_deref().map(human::line), value) {
        (Some(column), Some(value)) => format!("{place}: `{column}` is `{value}`{found}"),
        (Some(column), None) => format!("{place}: `{column}` is missing{found}"),
        (None, Some(value)) => format!("{place}: `{value}`{found}"),
        (None, None) => place + &found,
    }
}

/// A value of the data on one line, cut short where it is long.
fn shortened(value: &str) -> String {
    let mut rest = value.chars();
    let start: String = rest.by_ref().take(EXAMPLE_LENGTH).collect();
    human::line(&start) + if rest.next().is_some() { "…" } else { "" }
}

/// What became of a table's rows; where its requests differ, a line for each group of them. Of a union, what became of each table's follows.
pub(crate) fn ledger(table: &TableManifest) -> String {
    let sources = table.sources.iter().map(|source| format!("\n  of {}", rows(source, "\n    ")));
    let notes = table.notes.iter().map(|note| format!("\n  {}", human::line(note)));
    format!("Rows of {}{}{}", rows(table, "\n  "), sources.collect::<String>(), notes.collect::<String>())
}

/// The rows of a table; `line` begins a line for each group of requests.
fn rows(table: &TableManifest, line: &str) -> String {
    let no_data = &table.rows_no_data;
    let no_data =
        [(no_data.headers, "of headers"), (no_data.comments, "comments"), (no_data.footers, "of footers"), (no_data.skipped, "skipped")];
    let left_out =
        [(table.rows_filtered, "filtered out"), (table.rows_deduplicated, "repeated"), (table.rows_without_span, "without a span")];
    let made = table.rows_made.map(|rows| format!(", made into {}", shown(rows))).unwrap_or_default();
    let (name, rows) = (human::line(&table.table), shown(table.rows_read));
    let read = format!("`{name}`: {rows} read{}{made}{}", listed(", ", &no_data), listed(", ", &left_out));
    let uses: Vec<String> = table.uses.iter().map(used).collect();
    let is_whole = left_out.iter().all(|(rows, _)| *rows == 0) && (table.rows_made.is_some() || no_data.iter().all(|(rows, _)| *rows == 0));
    let others = if is_whole { "of these" } else { "of the others" };
    match uses.as_slice() {
        [] => format!("{read}."),
        [first, rest @ ..] if rest.iter().all(|used| used == first) => format!("{read}; {others} {first}."),
        _ => {
            let lines =
                table.uses.iter().zip(&uses).map(|(used, text)| format!("{line}for {}: {text}", human::line(&used.requests.join(", "))));
            format!("{read}; {others}{}", lines.collect::<String>())
        }
    }
}

/// What became of the rows that a group of requests could use.
fn used(rows: &TableUse) -> String {
    let others = [
        (rows.rows_left_out, "left out by its condition"),
        (rows.rows_outside_period, "outside the period"),
        (rows.rows_without_answer, "without an answer"),
        (rows.rows_rejected, "rejected"),
    ];
    // These are among those already counted.
    let twice = [(rows.ambiguous_times, "at a local time that clocks showed twice")];
    format!("{} used{}{}", shown(rows.rows_used), listed(", ", &others), listed("; ", &twice))
}

fn shown(rows: RowCount) -> String {
    rows.shown().map_or_else(|| SUPPRESSED.to_owned(), whole)
}

/// The counts that are not zero, each with what it counts and something before it.
fn listed(before: &str, counts: &[(u64, &str)]) -> String {
    let counted = counts.iter().filter(|(rows, _)| *rows > 0);
    counted.map(|(rows, what)| before.to_owned() + &whole(*rows) + " " + what).collect()
}

fn whole(number: u64) -> String {
    human::count(number as f64)
}

#[cfg(test)]
mod tests {
    use custometer_runner::result::RowsNoData;

    use super::*;
    use crate::fixture;

    #[test]
    fn a_change_that_is_not_known_is_not_zero() {
        let row = &fixture::result().results[0];
        assert_eq!(change(row, Baseline::YearAgo).text, UNDEFINED);
        assert_eq!(change(&ResultRow { comparisons: Vec::new(), ..row.clone() }, Baseline::YearAgo).text, "");
    }

    #[test]
    fn an_example_shows_what_is_known_of_it() {
        let row = |column: Option<&str>, value: Option<&str>| {
            let (column, value) = (column.map(str::to_owned), value.map(str::to_owned));
            example(&RejectedRow { file: "orders.csv".to_owned(), row: 17, column, value, looked_up_in: None })
        };
        assert_eq!(row(Some("amount"), Some("12,x")), "orders.csv, row 17: `amount` is `12,x`");
        assert_eq!(row(Some("amount"), None), "orders.csv, row 17: `amount` is missing");
        assert_eq!(row(None, Some("\"a\nb")), "orders.csv, row 17: `\"a\\nb`");
        assert_eq!(row(None, None), "orders.csv, row 17");
        assert_eq!(row(None, Some(&"x".repeat(41))), format!("orders.csv, row 17: `{}…`", "x".repeat(40)));
    }

    #[test]
    fn a_ledger_tells_only_what_there_is() {
        let mut table = fixture::result().manifest.tables[0].clone();
        let shown = |table: &TableManifest| ledger(table).replace('\u{2009}', "_");
        table.uses.pop();
        let all = "Rows of `responses`: 12_034 read, 34 filtered out, 20 repeated; of the others 10_000 used, 480 outside the period, \
                   1_500 rejected; 3 at a local time that clocks showed twice.";
        assert_eq!(shown(&table), all);
        // Requests that fare alike are not told apart.
        table.uses.push(TableUse { requests: vec!["CSAT".to_owned()], ..table.uses[0].clone() });
        assert_eq!(shown(&table), all);
        (table.rows_filtered, table.rows_deduplicated) = (0, 0);
        table.uses.truncate(1);
        let none = TableUse { rows_outside_period: 0, rows_rejected: 0, ambiguous_times: 0, ..table.uses[0].clone() };
        table.uses[0] = TableUse { rows_used: 12_034.into(), ..none };
        assert_eq!(shown(&table), "Rows of `responses`: 12_034 read; of these 12_034 used.");
        table.rows_no_data = RowsNoData { headers: 2, comments: 0, footers: 1, skipped: 3 };
        table.notes = vec!["row 7 looks odd".to_owned()];
        let used = "Rows of `responses`: 12_034 read, 2 of headers, 1 of footers, 3 skipped; of the others 12_034 used.";
        assert_eq!(shown(&table), format!("{used}\n  row 7 looks odd"));
        (table.rows_made, table.uses[0].rows_used) = (Some(60_000.into()), 60_000.into());
        let made = "Rows of `responses`: 12_034 read, 2 of headers, 1 of footers, 3 skipped, made into 60_000; of these 60_000 used.";
        assert_eq!(shown(&table), format!("{made}\n  row 7 looks odd"));
        table.rows_made = None;
        table.uses.clear();
        (table.rows_no_data, table.notes) = (RowsNoData::default(), Vec::new());
        assert_eq!(shown(&table), "Rows of `responses`: 12_034 read.");
    }

    #[test]
    fn an_interval_may_have_one_end() {
        assert_eq!(interval(Some(1.0), None, Unit::Ratio).replace(GLUE, " "), "≥ 1.00");
        assert_eq!(interval(None, Some(12.0), Unit::Percent).replace(GLUE, " "), "≤ 12.0 %");
        assert_eq!(interval(None, None, Unit::Ratio), "");
    }
}
