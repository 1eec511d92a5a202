//! Tables for a terminal: one per request, then what was read and what was rejected.

use std::ops::Range;

use comfy_table::{Cell, CellAlignment, ColumnConstraint, ContentArrangement, LineStyle, Table, TableStyle, Width};
use custometer_core::{Baseline, DimensionValue, Unit};
use custometer_runner::result::{Manifest, RejectedRow, Rejection, ResultRow, RunResult, TableManifest, TableUse, rounded};

use crate::tidy::{comparison, defined, dimension, dimension_names};
use crate::{human, period};

/// A rule above, below and under the header, and nothing else.
const STYLE: TableStyle = {
    let rule = LineStyle::none().fill('─').junction('─');
    TableStyle::new().top_border(rule).header_separator(rule).bottom_border(rule)
};

/// What stands for an undefined value.
const UNDEFINED: &str = "–";

/// What stands for a value that is withheld.
const SUPPRESSED: &str = "suppressed";

/// What marks a change that is significant.
const SIGNIFICANT: &str = "†";

/// So many rejected rows are shown for each reason.
const EXAMPLES: usize = 3;

/// Of a rejected row's value, so many characters are shown.
const EXAMPLE_LENGTH: usize = 40;

/// A space that no line breaks at, as long as the table is laid out.
const GLUE: &str = "\u{a0}";

/// The spaces after a column's content.
const PADDING: u16 = 1;

/// The padding, and the space to the next column.
const GAP: u16 = PADDING + 1;

/// From which length on words are broken in a narrow terminal: the greatest that leaves room for all columns.
const LONG_WORDS: Range<u16> = 4..20;

/// The whole result as text, with a line end after it.
pub(crate) fn render(result: &RunResult, width: Option<u16>) -> String {
    let mut blocks: Vec<String> = result.manifest.title.iter().map(|title| human::line(title)).collect();
    let sections = result.results.chunk_by(|a, b| (&a.request, a.metric, a.unit) == (&b.request, b.metric, b.unit));
    blocks.extend(sections.map(|rows| section(rows, &result.manifest, width)));
    if result.results.is_empty() {
        blocks.push("No results.".to_owned());
    }
    blocks.push(rejected(&result.rejected, width));
    if !result.manifest.tables.is_empty() {
        blocks.push(result.manifest.tables.iter().map(ledger).collect::<Vec<_>>().join("\n"));
    }
    blocks.join("\n\n") + "\n"
}

/// One request: its name, its values, and what to know about them.
fn section(rows: &[ResultRow], manifest: &Manifest, width: Option<u16>) -> String {
    let notes = Notes::of(rows);
    let mut columns = Vec::new();
    if rows.iter().any(|row| row.start.is_some()) {
        let mut labels = period::labels(rows, manifest.fiscal_year_start).into_iter();
        columns.push(Column::text("period", rows, |row| {
            let label = together(&labels.next().unwrap_or_default());
            if row.partial { label + "*" } else { label }
        }));
    }
    for name in dimension_names(rows) {
        columns.push(Column::text(&human::line(name), rows, |row| match dimension(row, name) {
            None => "(all)".to_owned(),
            Some(DimensionValue::Missing) => "(missing)".to_owned(),
            Some(value) => human::line(&value.to_string()),
        }));
    }
    columns.push(Column::number("value", rows, |row| match defined(row.value) {
        _ if row.suppressed => SUPPRESSED.to_owned(),
        Some(value) => human::value(value, row.unit),
        None => UNDEFINED.to_owned(),
    }));
    if rows.iter().any(|row| row.low.or(row.high).is_some()) {
        columns.push(Column::text("interval", rows, |row| interval(row.low, row.high, row.unit)).right());
    }
    if rows.iter().any(|row| row.n.is_some()) {
        columns.push(Column::number("n", rows, |row| defined(row.n).map(human::count).unwrap_or_default()));
    }
    let baselines = manifest.compare.iter().filter(|&&baseline| rows.iter().any(|row| comparison(row, baseline).is_some()));
    columns.extend(baselines.map(|&baseline| Column::phrase(versus(baseline), rows, |row| change(row, baseline))));
    if notes.differ {
        columns.push(Column::number("note", rows, |row| notes.number(row)));
    }

    let first = &rows[0];
    let heading = if first.request == first.metric {
        format!("{}, {}", first.metric, first.unit.as_str())
    } else {
        format!("{} ({}), {}", human::line(&first.request), first.metric, first.unit.as_str())
    };
    let mut section = vec![heading, grid(columns, width)];
    if rows.iter().any(|row| row.partial) {
        section.push("* Partial: cut by the report's period, or not yet covered by the data.".to_owned());
    }
    if rows.iter().any(|row| row.suppressed) {
        let than = manifest.min_group_size.map_or_else(|| "the least size".to_owned(), whole);
        section.push(format!("Suppressed: groups smaller than {than}, and those that would reveal them."));
    }
    if rows.iter().flat_map(|row| &row.comparisons).any(|comparison| comparison.significant == Some(true)) {
        // The subtraction leaves digits that mean nothing.
        section.push(format!("{SIGNIFICANT} Significant: the p-value of no change is below {}.", rounded(1.0 - manifest.confidence)));
    }
    section.extend(notes.lines());
    section.join("\n")
}

/// How the column of a baseline is called.
fn versus(baseline: Baseline) -> &'static str {
    match baseline {
        Baseline::Previous => "vs previous",
        Baseline::YearAgo => "vs year ago",
    }
}

/// The change from a baseline, such as `+4.3 (+10.2 %) †`.
fn change(row: &ResultRow, baseline: Baseline) -> String {
    let Some(comparison) = comparison(row, baseline).filter(|_| !row.suppressed) else { return String::new() };
    let Some(change) = defined(comparison.change) else { return UNDEFINED.to_owned() };
    let change = human::change(change, row.unit).replace(' ', GLUE);
    let relative = defined(comparison.relative_change).map(|percent| format!(" ({})", human::relative(percent).replace(' ', GLUE)));
    let mark = if comparison.significant == Some(true) { format!("{GLUE}{SIGNIFICANT}") } else { String::new() };
    change + &relative.unwrap_or_default() + &mark
}

/// Both ends of an interval, or the one there is.
fn interval(low: Option<f64>, high: Option<f64>, unit: Unit) -> String {
    let show = |bound| human::value(bound, unit);
    match (defined(low), defined(high)) {
        (Some(low), Some(high)) => together(&format!("{} – {}", show(low), show(high))),
        (Some(low), None) => together(&format!("≥ {}", show(low))),
        (None, Some(high)) => together(&format!("≤ {}", show(high))),
        (None, None) => String::new(),
    }
}

/// A range that a narrow terminal breaks after the dash only.
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

/// The rows that were not used, by reason.
pub(crate) fn rejected(rejected: &[Rejection], width: Option<u16>) -> String {
    if rejected.is_empty() {
        return "No rows were rejected.".to_owned();
    }
    let columns = vec![
        Column::text("table", rejected, |rejection| human::line(&rejection.table)),
        Column::text("reason", rejected, |rejection| human::line(&rejection.reason)),
        Column::number("rows", rejected, |rejection| whole(rejection.rows)),
        Column::text("requests", rejected, |rejection| human::line(&rejection.requests.join(", "))),
    ];
    let mut lines = vec!["Rejected rows".to_owned(), grid(columns, width)];
    // Rows that several groups of requests went without for one reason are shown once.
    let mut shown: Vec<(&str, &str)> = Vec::new();
    for rejection in rejected.iter().filter(|rejection| !rejection.examples.is_empty()) {
        if !shown.contains(&(&rejection.table, &rejection.reason)) {
            shown.push((&rejection.table, &rejection.reason));
            lines.push(format!("{} in `{}`, for example:", human::line(&rejection.reason), human::line(&rejection.table)));
            lines.extend(rejection.examples.iter().take(EXAMPLES).map(|row| format!("  {}", example(row))));
        }
    }
    lines.join("\n")
}

/// One rejected row, such as "orders.csv, row 17: `amount` is `12,x`".
fn example(row: &RejectedRow) -> String {
    let place = format!("{}, row {}", human::line(&row.file), whole(row.row));
    let value = row.value.as_deref().map(shortened);
    match (row.column.as_deref().map(human::line), value) {
        (Some(column), Some(value)) => format!("{place}: `{column}` is `{value}`"),
        (Some(column), None) => format!("{place}: `{column}` is missing"),
        (None, Some(value)) => format!("{place}: `{value}`"),
        (None, None) => place,
    }
}

/// A value of the data on one line, cut short where it is long.
fn shortened(value: &str) -> String {
    let mut rest = value.chars();
    let start: String = rest.by_ref().take(EXAMPLE_LENGTH).collect();
    human::line(&start) + if rest.next().is_some() { "…" } else { "" }
}

/// What became of a table's rows; where its requests differ, a line for each group of them.
fn ledger(table: &TableManifest) -> String {
    let left_out = [(table.rows_filtered, "filtered out"), (table.rows_deduplicated, "repeated")];
    let read = format!("Rows of `{}`: {} read{}", human::line(&table.table), whole(table.rows_read), listed(", ", &left_out));
    let uses: Vec<String> = table.uses.iter().map(used).collect();
    let others = if left_out.iter().all(|(rows, _)| *rows == 0) { "of these" } else { "of the others" };
    match uses.as_slice() {
        [] => format!("{read}."),
        [first, rest @ ..] if rest.iter().all(|used| used == first) => format!("{read}; {others} {first}."),
        _ => {
            let lines =
                table.uses.iter().zip(&uses).map(|(used, text)| format!("\n  for {}: {text}", human::line(&used.requests.join(", "))));
            format!("{read}; {others}{}", lines.collect::<String>())
        }
    }
}

/// What became of the rows that a group of requests could use.
fn used(rows: &TableUse) -> String {
    let others = [
        (rows.rows_outside_period, "outside the period"),
        (rows.rows_without_answer, "without an answer"),
        (rows.rows_rejected, "rejected"),
    ];
    // These are among those already counted.
    let twice = [(rows.ambiguous_times, "at a local time that clocks showed twice")];
    format!("{} used{}{}", whole(rows.rows_used), listed(", ", &others), listed("; ", &twice))
}

/// The counts that are not zero, each with what it counts and something before it.
fn listed(before: &str, counts: &[(u64, &str)]) -> String {
    let counted = counts.iter().filter(|(rows, _)| *rows > 0);
    counted.map(|(rows, what)| before.to_owned() + &whole(*rows) + " " + what).collect()
}

fn whole(number: u64) -> String {
    human::count(number as f64)
}

/// A column of text that is ready to be shown.
struct Column {
    name: String,
    cells: Vec<String>,
    alignment: CellAlignment,
    /// The width of its longest word.
    longest: u16,
    /// Whether a long word may be broken in a narrow terminal.
    breaks: bool,
}

impl Column {
    fn text<T>(name: &str, rows: &[T], cell: impl FnMut(&T) -> String) -> Self {
        let cells: Vec<String> = rows.iter().map(cell).collect();
        let words = cells.iter().map(String::as_str).chain([name]).flat_map(|cell| cell.split(' '));
        let longest = words.map(|word| u16::try_from(word.chars().count()).unwrap_or(u16::MAX)).max().unwrap_or_default();
        Self { name: name.to_owned(), cells, alignment: CellAlignment::Left, longest, breaks: true }
    }

    fn number<T>(name: &str, rows: &[T], cell: impl Fn(&T) -> String) -> Self {
        Self::phrase(name, rows, |row| cell(row).replace(' ', GLUE))
    }

    /// Words that are not broken, to the right.
    fn phrase<T>(name: &str, rows: &[T], cell: impl FnMut(&T) -> String) -> Self {
        Self { breaks: false, ..Self::text(name, rows, cell).right() }
    }

    fn right(self) -> Self {
        Self { alignment: CellAlignment::Right, ..self }
    }

    /// How narrow it may get where words of this length are broken.
    fn narrowest(&self, long_word: u16) -> u16 {
        if self.breaks { self.longest.min(long_word) } else { self.longest }
    }
}

/// Columns side by side, within `width` where there is one. Words stay whole if that leaves room for all columns.
fn grid(columns: Vec<Column>, width: Option<u16>) -> String {
    let needed = |long_word: u16| columns.iter().map(|column| usize::from(column.narrowest(long_word) + GAP)).sum::<usize>();
    let fits = |long_word: &u16| width.is_none_or(|width| needed(*long_word) <= usize::from(width));
    let long_word = LONG_WORDS.rev().find(fits).unwrap_or(LONG_WORDS.start);

    let mut table = Table::new();
    // Without this, the table would ask the terminal for its width.
    table.force_no_tty().load_style(STYLE).set_content_arrangement(ContentArrangement::Dynamic);
    if let Some(width) = width {
        table.set_width(width);
    }
    table.set_header(columns.iter().map(|column| Cell::new(&column.name)));
    let layout: Vec<_> = columns.iter().map(|column| (column.alignment, column.narrowest(long_word))).collect();
    let mut cells: Vec<_> = columns.into_iter().map(|column| column.cells.into_iter()).collect();
    while let Some(row) = cells.iter_mut().map(Iterator::next).collect::<Option<Vec<String>>>() {
        table.add_row(row);
    }
    for (column, (alignment, narrowest)) in table.column_iter_mut().zip(layout) {
        // The boundary counts the padding.
        let boundary = ColumnConstraint::LowerBoundary(Width::Fixed(narrowest + PADDING));
        column.set_padding((0, PADDING)).set_constraint(boundary).set_cell_alignment(alignment);
    }
    table.trim_fmt().replace(GLUE, " ")
}

#[cfg(test)]
mod tests {
    use custometer_core::Grain;

    use super::*;
    use crate::fixture;

    #[test]
    fn a_report_fits_80_columns() {
        let expected = "\
Customer metrics

NPS (loyalty.nps), points
────────────────────────────────────────────────────────────────────────────────
period    region     year        value  interval      n         vs     vs  note
                                                          previous   year
                                                                      ago
────────────────────────────────────────────────────────────────────────────────
2025-01   (all)      (all)        -5.0   -12.2 –  1_310       -1.5      –
                                            +2.0         (-42.0 %)
2025-01   Nordics    2024        +41.3   +35.0 –  1_204     +4.8 †      –
                                           +47.5
2025-02*  (missing)  2024            –                0                       1
2025-02*  Iceland    2024   suppressed
────────────────────────────────────────────────────────────────────────────────
* Partial: cut by the report's period, or not yet covered by the data.
Suppressed: groups smaller than 5, and those that would reveal them.
† Significant: the p-value of no change is below 0.05.
Note 1: no rows

=Time (support.first_response_time), seconds
───────────────────────────────────────────────────
region                      year       value     n
───────────────────────────────────────────────────
=HYPERLINK(\"http://x\",\"y\")  -3    2 h 05 min  12.5
───────────────────────────────────────────────────
Note: two\\nlines, \"quoted\"

Rejected rows
─────────────────────────────────────────────────
table      reason                rows  requests
─────────────────────────────────────────────────
responses  `score` is above 10  1_500  NPS, CSAT
─────────────────────────────────────────────────
`score` is above 10 in `responses`, for example:
  responses.csv, row 17: `score` is `11`
  responses.csv, row 18: `score` is `=1\\u{1b}[31m`

Rows of `responses`: 12_034 read, 34 filtered out, 20 repeated; of the others
  for NPS: 10_000 used, 480 outside the period, 1_500 rejected; 3 at a local time that clocks showed twice
  for CSAT: 10_400 used, 80 without an answer, 1_500 rejected
";
        // The thin spaces between thousands, where they can be seen.
        assert_eq!(render(&fixture::result(), Some(80)).replace('\u{2009}', "_"), expected);
    }

    #[test]
    fn a_run_without_results_says_so() {
        let table = render(&fixture::empty(), None);
        assert!(table.contains("\nNo results.\n\nNo rows were rejected.\n"), "{table}");
    }

    /// One wide row: three dimensions, a total period and large amounts.
    fn wide() -> RunResult {
        let mut result = fixture::result();
        result.results.truncate(1);
        let row = &mut result.results[0];
        row.grain = Grain::Total;
        row.comparisons.clear();
        row.dimensions = [("region", "Northern Europe"), ("product", "Widgets and gadgets"), ("channel", "newsletter")]
            .map(|(name, value)| (name.to_owned(), value.into()))
            .to_vec();
        row.unit = Unit::Seconds;
        (row.value, row.low, row.high) = (Some(7505.0), Some(7200.0), Some(86_400.0));
        result
    }

    #[test]
    fn a_wide_table_is_broken_between_words() {
        let expected = "\
period        region     product    channel          value      interval      n
────────────────────────────────────────────────────────────────────────────────
2025-01-01 –  Northern   Widgets    newsletter  2 h 05 min  2 h 00 min –  1_310
2025-01-31    Europe     and                                     1 d 0 h
                         gadgets
─";
        let table = render(&wide(), Some(80)).replace('\u{2009}', "_");
        assert!(table.contains(expected), "{table}");
    }

    #[test]
    fn a_narrow_terminal_breaks_words_but_not_numbers() {
        let table = render(&wide(), Some(60));
        let mut grid = table.lines().skip(3).take(7);
        assert!(grid.all(|line| line.chars().count() <= 60), "{table}");
        assert!(table.contains("2 h 05 min"), "{table}");
        assert!(render(&wide(), Some(1)).contains("2 h 05 min"));
    }

    #[test]
    fn without_a_width_nothing_is_broken() {
        let row = "\n2025-01-01 – 2025-01-31  Northern Europe  Widgets and gadgets  newsletter  2 h 05 min  2 h 00 min – 1 d 0 h  1_310\n";
        let table = render(&wide(), None).replace('\u{2009}', "_");
        assert!(table.contains(row), "{table}");
    }

    #[test]
    fn a_change_is_broken_before_what_it_is_relatively() {
        let mut result = wide();
        result.results[0].comparisons = fixture::result().results[0].comparisons.clone();
        let grid = |width| render(&result, width).lines().skip(4).take(5).map(|line| line.to_owned() + "\n").collect::<String>();
        assert!(grid(None).contains("  -1.5 s (-42.0 %)            –\n"), "{}", grid(None));
        let narrow = grid(Some(90));
        assert!(narrow.lines().all(|line| line.chars().count() <= 90), "{narrow}");
        assert!(narrow.contains(" -1.5 s ") && narrow.contains(" (-42.0 %)\n"), "{narrow}");
    }

    #[test]
    fn a_change_that_is_not_known_is_not_zero() {
        let row = &fixture::result().results[0];
        assert_eq!(change(row, Baseline::YearAgo), UNDEFINED);
        assert_eq!(change(&ResultRow { comparisons: Vec::new(), ..row.clone() }, Baseline::YearAgo), "");
    }

    #[test]
    fn an_example_shows_what_is_known_of_it() {
        let row = |column: Option<&str>, value: Option<&str>| {
            let (column, value) = (column.map(str::to_owned), value.map(str::to_owned));
            example(&RejectedRow { file: "orders.csv".to_owned(), row: 17, column, value })
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
        table.uses[0] = TableUse { rows_used: 12_034, ..none };
        assert_eq!(shown(&table), "Rows of `responses`: 12_034 read; of these 12_034 used.");
        table.uses.clear();
        assert_eq!(shown(&table), "Rows of `responses`: 12_034 read.");
    }

    #[test]
    fn an_interval_may_have_one_end() {
        assert_eq!(interval(Some(1.0), None, Unit::Ratio).replace(GLUE, " "), "≥ 1.00");
        assert_eq!(interval(None, Some(12.0), Unit::Percent).replace(GLUE, " "), "≤ 12.0 %");
        assert_eq!(interval(None, None, Unit::Ratio), "");
    }

    #[test]
    fn a_request_that_goes_by_its_metric_is_named_once() {
        let mut result = wide();
        result.results[0].request = "loyalty.nps".to_owned();
        assert!(render(&result, None).contains("\n\nloyalty.nps, seconds\n"));
    }

    #[test]
    fn a_note_that_all_rows_share_is_not_numbered() {
        let mut result = fixture::result();
        for row in &mut result.results[..4] {
            row.note = Some("top-two box".to_owned());
        }
        let table = render(&result, None);
        assert!(table.contains("\nNote: top-two box\n"), "{table}");
        assert!(!table.contains("note"), "{table}");
    }
}
