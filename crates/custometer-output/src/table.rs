//! Tables for a terminal: one per request, then what was read and what was rejected.

use std::ops::Range;

use anstyle::{AnsiColor, Effects, Style};
use comfy_table::{Attribute, Cell, CellAlignment, Color, ColumnConstraint, ContentArrangement, LineStyle, Table, TableStyle, Width};
use custometer_runner::result::{Rejection, RunResult};

use crate::human;
use crate::sections::{self, Column, GLUE, Section, Text, Tone};

/// What a table is shown on: a file, unless said.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Terminal {
    /// How many characters fit on a line; any number where it is not said.
    pub width: Option<u16>,
    /// Whether it shows colours.
    pub colors: bool,
    /// How many rows of a table it shows, the first and the last; all where it is not said.
    pub rows: Option<usize>,
}

/// A rule above, below and under the header, and nothing else.
const STYLE: TableStyle = {
    let rule = LineStyle::none().fill('─').junction('─');
    TableStyle::new().top_border(rule).header_separator(rule).bottom_border(rule)
};

/// The spaces after a column's content.
const PADDING: u16 = 1;

/// The padding, and the space to the next column.
const GAP: u16 = PADDING + 1;

/// From which length on words are broken in a narrow terminal: the greatest that leaves room for all columns.
const LONG_WORDS: Range<u16> = 4..20;

/// Words of this length are not broken as long as columns can go below each other.
const READABLE: u16 = 10;

/// How many groups are shown over time.
const TRENDS: usize = 10;

/// The longest sparkline, where nothing else limits it.
const LONGEST_TREND: usize = 120;

/// The whole result as text, with a line end after it.
pub(crate) fn render(result: &RunResult, terminal: Terminal) -> String {
    let mut blocks: Vec<String> = result.manifest.title.iter().map(|title| terminal.bold(&human::line(title))).collect();
    if let Some((counts, lines)) = sections::targets(result) {
        blocks.push(listed(&counts, &lines, terminal));
    }
    if !result.alerts.is_empty() {
        blocks.push(listed("Alerts", &sections::alerts(&result.alerts), terminal));
    }
    blocks.extend(sections::sections(result).into_iter().map(|section| shown(section, terminal)));
    if result.results.is_empty() {
        blocks.push("No results.".to_owned());
    }
    blocks.push(rejected(&result.rejected, terminal));
    if !result.manifest.tables.is_empty() {
        blocks.push(result.manifest.tables.iter().map(sections::ledger).collect::<Vec<_>>().join("\n"));
    }
    blocks.join("\n\n") + "\n"
}

fn shown(mut section: Section, terminal: Terminal) -> String {
    let folded = terminal.rows.and_then(|rows| fold(&mut section.columns, rows));
    let grids: Vec<String> = pages(section.columns, terminal).into_iter().map(|columns| grid(columns, terminal)).collect();
    let mut lines = vec![terminal.bold(&section.heading), grids.join("\n\n")];
    let room = terminal.width.map_or(LONGEST_TREND, |width| usize::from(width).saturating_sub(2));
    lines.extend(section.trends.iter().take(TRENDS).map(|trend| format!("  {}", trend.within(room.min(LONGEST_TREND)))));
    if let Some(more) = section.trends.len().checked_sub(TRENDS).filter(|more| *more > 0) {
        lines.push(format!("  and {more} more groups"));
    }
    lines.extend(folded.map(|rows| {
        format!("{} more rows: send the output to a pager or a file to see them all, such as `| less`", human::count(rows as f64))
    }));
    lines.extend(section.notes);
    lines.join("\n")
}

/// Leaves out the rows in the middle where there are more than so many; how many they are.
fn fold(columns: &mut [Column], rows: usize) -> Option<usize> {
    let all = columns.first().map_or(0, |column| column.cells.len());
    let left = all.checked_sub(rows).filter(|left| *left > 0)?;
    for (position, column) in columns.iter_mut().enumerate() {
        let gap = Text::from(if position == 0 { "…" } else { "" });
        column.cells.splice(rows / 2..rows / 2 + left, [gap]);
    }
    Some(left)
}

/// A heading and the lines that belong to it.
fn listed(heading: &str, lines: &[Text], terminal: Terminal) -> String {
    let lines = lines.iter().map(|line| format!("\n  {}", terminal.toned(&line.text, line.tone)));
    terminal.bold(heading) + &lines.collect::<String>()
}

/// The rows that were not used, by reason.
pub(crate) fn rejected(rejected: &[Rejection], terminal: Terminal) -> String {
    if rejected.is_empty() {
        return "No rows were rejected.".to_owned();
    }
    let mut lines = vec![terminal.bold("Rejected rows"), grid(sections::rejected(rejected), terminal)];
    for (heading, examples) in sections::rejected_examples(rejected) {
        lines.push(heading);
        lines.extend(examples.iter().map(|example| format!("  {example}")));
    }
    lines.join("\n")
}

impl Terminal {
    fn bold(self, text: &str) -> String {
        self.styled(text, Style::new().effects(Effects::BOLD))
    }

    fn toned(self, text: &str, tone: Tone) -> String {
        let color = |color: AnsiColor| color.on_default();
        match tone {
            Tone::Plain => text.to_owned(),
            Tone::Good => self.styled(text, color(AnsiColor::Green)),
            Tone::Warning => self.styled(text, color(AnsiColor::Yellow)),
            Tone::Bad => self.styled(text, color(AnsiColor::Red)),
            Tone::Faint => self.styled(text, Style::new().effects(Effects::DIMMED)),
        }
    }

    fn styled(self, text: &str, style: Style) -> String {
        if self.colors { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }
}

/// A cell of a grid, in the colour of its tone.
fn cell(text: Text) -> Cell {
    let cell = Cell::new(text.text);
    match text.tone {
        Tone::Plain => cell,
        Tone::Good => cell.fg(Color::DarkGreen),
        Tone::Warning => cell.fg(Color::DarkYellow),
        Tone::Bad => cell.fg(Color::DarkRed),
        Tone::Faint => cell.add_attribute(Attribute::Dim),
    }
}

/// The width of a column's longest word.
fn longest(column: &Column) -> u16 {
    let words = column.cells.iter().map(|cell| cell.text.as_str()).chain([column.name.as_str()]).flat_map(|cell| cell.split(' '));
    words.map(|word| u16::try_from(word.chars().count()).unwrap_or(u16::MAX)).max().unwrap_or_default()
}

/// How narrow a column may get where words of this length are broken.
fn narrowest(column: &Column, longest: u16, long_word: u16) -> u16 {
    if column.breaks { longest.min(long_word) } else { longest }
}

/// The columns of a section, as many beside each other as the terminal has room for. The others follow below, with what their rows are of.
fn pages(columns: Vec<Column>, terminal: Terminal) -> Vec<Vec<Column>> {
    let fits = |columns: &[Column]| {
        let needed = columns.iter().map(|column| usize::from(narrowest(column, longest(column), READABLE) + GAP)).sum::<usize>();
        terminal.width.is_none_or(|width| needed <= usize::from(width))
    };
    let (keys, others): (Vec<Column>, Vec<Column>) = columns.iter().cloned().partition(|column| column.is_key);
    if keys.is_empty() || fits(&columns) {
        return vec![columns];
    }
    let mut pages = vec![keys.clone()];
    for column in others {
        let Some(page) = pages.last_mut() else { continue };
        let is_first = page.len() == keys.len();
        page.push(column);
        if let (false, false, Some(column)) = (is_first, fits(page), page.last().cloned()) {
            page.pop();
            pages.push(keys.iter().cloned().chain([column]).collect());
        }
    }
    pages
}

/// Columns side by side, within the terminal's width where it has one. Words stay whole if that leaves room for all columns.
fn grid(columns: Vec<Column>, terminal: Terminal) -> String {
    let width = terminal.width;
    let words: Vec<u16> = columns.iter().map(longest).collect();
    let needed = |long_word: u16| {
        columns.iter().zip(&words).map(|(column, longest)| usize::from(narrowest(column, *longest, long_word) + GAP)).sum::<usize>()
    };
    let fits = |long_word: &u16| width.is_none_or(|width| needed(*long_word) <= usize::from(width));
    let long_word = LONG_WORDS.rev().find(fits).unwrap_or(LONG_WORDS.start);

    let mut table = Table::new();
    // Without this, the table would ask the terminal for its width.
    table.force_no_tty().load_style(STYLE).set_content_arrangement(ContentArrangement::Dynamic);
    if let Some(width) = width {
        table.set_width(width);
    }
    if terminal.colors {
        table.enforce_styling();
        table.style_text_only();
    }
    table.set_header(columns.iter().map(|column| Cell::new(&column.name)));
    let layout: Vec<_> = columns
        .iter()
        .zip(&words)
        .map(|(column, longest)| {
            let alignment = if column.is_right { CellAlignment::Right } else { CellAlignment::Left };
            (alignment, narrowest(column, *longest, long_word))
        })
        .collect();
    let mut cells: Vec<_> = columns.into_iter().map(|column| column.cells.into_iter()).collect();
    while let Some(row) = cells.iter_mut().map(Iterator::next).collect::<Option<Vec<Text>>>() {
        table.add_row(row.into_iter().map(cell));
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
    use custometer_core::{Grain, Unit};

    use custometer_runner::result::ResultRow;

    use super::*;
    use crate::fixture;

    fn wide_as(width: u16) -> Terminal {
        Terminal { width: Some(width), ..Terminal::default() }
    }

    #[test]
    fn a_report_fits_80_columns() {
        let expected = "\
Customer metrics

Targets: 1 missed.
  ✗ missed: NPS, 2025-01: -5.0, target at least +40.0

Alerts
  critical dropped: NPS fell to -5 <b>

NPS (loyalty.nps), points
────────────────────────────────────────────────────────────────────────────────
period    region     year        value    interval      n     target         vs
                                                                      benchmark
────────────────────────────────────────────────────────────────────────────────
2025-01   (all)      (all)        -5.0     -12.2 –  1_310  ✗ missed,      -37.0
                                              +2.0           -12.5 %      worse
2025-01   Nordics    2024        +41.3     +35.0 –  1_204     ✓ met,       +9.3
                                             +47.5           103.2 %     better
2025-02*  (missing)  2024            –                  0  ? unknown          –
2025-02*  Iceland    2024   suppressed                     ? unknown
────────────────────────────────────────────────────────────────────────────────

────────────────────────────────────────────────────────────────────
period    region     year            vs previous  vs year ago  note
────────────────────────────────────────────────────────────────────
2025-01   (all)      (all)  -1.5 (-42.0 %) worse            –
2025-01   Nordics    2024          +4.8 † better            –
2025-02*  (missing)  2024                                         1
2025-02*  Iceland    2024
────────────────────────────────────────────────────────────────────
Target: at least +40.0; at risk down to +30.0; progress from 0.0.
Benchmark: +32.0 (our 2024 average).
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
        assert_eq!(render(&fixture::result(), wide_as(80)).replace('\u{2009}', "_"), expected);
    }

    #[test]
    fn a_run_without_results_says_so() {
        let table = render(&fixture::empty(), Terminal::default());
        assert!(table.contains("\nNo results.\n\nNo rows were rejected.\n"), "{table}");
    }

    /// One wide row: three dimensions, a total period and large amounts.
    fn wide() -> RunResult {
        let mut result = fixture::result();
        result.results.truncate(1);
        let row = &mut result.results[0];
        row.grain = Grain::Total;
        row.comparisons.clear();
        (row.target, row.benchmark) = (None, None);
        result.alerts.clear();
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
        let table = render(&wide(), wide_as(80)).replace('\u{2009}', "_");
        assert!(table.contains(expected), "{table}");
    }

    #[test]
    fn a_narrow_terminal_breaks_words_but_not_numbers() {
        let table = render(&wide(), wide_as(60));
        let mut grid = table.lines().skip(3).take(7);
        assert!(grid.all(|line| line.chars().count() <= 60), "{table}");
        assert!(table.contains("2 h 05 min"), "{table}");
        assert!(render(&wide(), wide_as(1)).contains("2 h 05 min"));
    }

    #[test]
    fn a_long_table_is_folded_where_it_is_read_and_says_how_to_see_all() {
        let mut result = fixture::result();
        let row = result.results[1].clone();
        result.alerts.clear();
        let of = |number: i64| ResultRow { dimensions: vec![("customer".to_owned(), number.into())], ..row.clone() };
        result.results = (1..=100).map(of).collect();
        let table = render(&result, Terminal { rows: Some(10), ..Terminal::default() });
        let customers: Vec<&str> = table.lines().skip(6).take(11).map(|line| line.split_whitespace().nth(1).unwrap_or("…")).collect();
        assert_eq!(customers, ["1", "2", "3", "4", "5", "…", "96", "97", "98", "99", "100"], "{table}");
        assert!(table.contains("\n90 more rows: send the output to a pager or a file to see them all, such as `| less`\n"), "{table}");
        let all = render(&result, Terminal::default());
        assert!(!all.contains("more rows") && all.lines().count() == table.lines().count() + 88, "{all}");
    }

    #[test]
    fn without_a_width_nothing_is_broken() {
        let row = "\n2025-01-01 – 2025-01-31  Northern Europe  Widgets and gadgets  newsletter  2 h 05 min  2 h 00 min – 1 d 0 h  1_310\n";
        let table = render(&wide(), Terminal::default()).replace('\u{2009}', "_");
        assert!(table.contains(row), "{table}");
    }

    #[test]
    fn a_change_is_broken_before_what_it_is_relatively() {
        let mut result = wide();
        result.results[0].comparisons = fixture::result().results[0].comparisons.clone();
        let wide = render(&result, Terminal::default());
        assert!(wide.contains("  -1.5 s (-42.0 %) worse            –\n"), "{wide}");
        let narrow = render(&result, wide_as(60));
        let grids: Vec<&str> = narrow.lines().skip(3).take_while(|line| !line.contains("Rejected rows")).collect();
        assert!(grids.iter().all(|line| line.chars().count() <= 60), "{narrow}");
        assert!(
            ["  -1.5 s", " (-42.0 %)", " worse"].iter().all(|part| narrow.lines().any(|line| line.contains(part) && !line.contains("s ("))),
            "{narrow}"
        );
    }

    #[test]
    fn columns_that_have_no_room_go_below_with_what_their_rows_are_of() {
        for (width, pages) in [(60, 3), (80, 2), (120, 1), (200, 1)] {
            let table = render(&fixture::result(), wide_as(width));
            let section =
                table.lines().skip_while(|line| !line.starts_with("NPS (")).skip(1).take_while(|line| !line.starts_with("Target:"));
            let lines: Vec<&str> = section.collect();
            assert!(lines.iter().all(|line| line.chars().count() <= usize::from(width)), "{table}");
            let starting = |with: &str| lines.iter().filter(|line| line.starts_with(with)).count();
            assert_eq!(starting("period "), pages, "{table}");
            assert_eq!(starting("period "), starting("2025-01   Nordics"), "{table}");
        }
    }

    #[test]
    fn colours_are_added_where_they_are_shown_and_change_nothing_else() {
        let plain = render(&fixture::result(), wide_as(120));
        let colored = render(&fixture::result(), Terminal { width: Some(120), colors: true, rows: None });
        assert!(!plain.contains('\u{1b}'));
        assert!(colored.contains("\u{1b}[31m✗ missed") && colored.contains("\u{1b}[1m"), "{colored}");
        let mut stripped = String::new();
        let mut rest = colored.as_str();
        while let Some((before, after)) = rest.split_once('\u{1b}') {
            stripped += before;
            rest = after.split_once('m').unwrap().1;
        }
        assert_eq!(stripped + rest, plain);
    }

    #[test]
    fn a_request_that_goes_by_its_metric_is_named_once() {
        let mut result = wide();
        result.results[0].request = "loyalty.nps".to_owned();
        assert!(render(&result, Terminal::default()).contains("\n\nloyalty.nps, seconds\n"));
    }

    #[test]
    fn a_note_that_all_rows_share_is_not_numbered() {
        let mut result = fixture::result();
        for row in &mut result.results[..4] {
            row.note = Some("top-two box".to_owned());
        }
        let table = render(&result, Terminal::default());
        assert!(table.contains("\nNote: top-two box\n"), "{table}");
        assert!(!table.contains("note"), "{table}");
    }
}
