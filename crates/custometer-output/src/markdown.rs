//! Markdown: the tables of a report for pull requests and wikis, in GitHub's dialect.

use custometer_runner::result::RunResult;

use crate::human;
use crate::sections::{self, Column, GLUE, Section, Text};

/// How many groups are shown over time.
const TRENDS: usize = 10;

/// The longest sparkline.
const LONGEST_TREND: usize = 120;

/// The whole result as Markdown, with a line end after it.
pub(crate) fn render(result: &RunResult) -> String {
    let title = result.manifest.title.as_deref().map_or_else(|| "Report".to_owned(), human::line);
    let mut blocks = vec![format!("# {}", escaped(&title))];
    if let Some((counts, lines)) = sections::targets(result) {
        blocks.push(format!("**{}**", escaped(&counts)));
        blocks.extend(list(&lines));
    }
    if !result.alerts.is_empty() {
        blocks.push("**Alerts**".to_owned());
        blocks.extend(list(&sections::alerts(&result.alerts)));
    }
    for Section { heading, columns, trends, notes } in sections::sections(result) {
        blocks.push(format!("## {}", escaped(&heading)));
        blocks.push(grid(&columns));
        if !trends.is_empty() {
            let lines = trends.iter().take(TRENDS).map(|trend| fenced(&trend.within(LONGEST_TREND)) + "\n");
            let more = trends.len().saturating_sub(TRENDS);
            let more = if more > 0 { format!("and {more} more groups\n") } else { String::new() };
            blocks.push(format!("```text\n{}{more}```", lines.collect::<String>()));
        }
        blocks.extend(notes.iter().map(|note| escaped(note)));
    }
    if result.results.is_empty() {
        blocks.push("No results.".to_owned());
    }
    if result.rejected.is_empty() {
        blocks.push("No rows were rejected.".to_owned());
    } else {
        blocks.push("## Rejected rows".to_owned());
        blocks.push(grid(&sections::rejected(&result.rejected)));
        for (heading, examples) in sections::rejected_examples(&result.rejected) {
            blocks.push(escaped(&heading));
            blocks.push(examples.iter().map(|example| format!("- {}", escaped(example))).collect::<Vec<_>>().join("\n"));
        }
    }
    for table in &result.manifest.tables {
        // The lines of one table belong together.
        blocks.push(sections::ledger(table).lines().map(|line| escaped(line.trim_start())).collect::<Vec<_>>().join("  \n"));
    }
    blocks.join("\n\n") + "\n"
}

fn list(lines: &[Text]) -> Option<String> {
    let items: Vec<String> = lines.iter().map(|line| format!("- {}", escaped(&line.text))).collect();
    (!items.is_empty()).then(|| items.join("\n"))
}

/// Columns as a table.
fn grid(columns: &[Column]) -> String {
    let line = |cells: Vec<String>| format!("| {} |", cells.join(" | "));
    let mut lines = vec![
        line(columns.iter().map(|column| escaped(&column.name)).collect()),
        line(columns.iter().map(|column| if column.is_right { "---:" } else { ":---" }.to_owned()).collect()),
    ];
    let rows = columns.first().map_or(0, |column| column.cells.len());
    lines.extend((0..rows).map(|row| line(columns.iter().map(|column| escaped(&column.cells[row].text)).collect())));
    lines.join("\n")
}

/// Text that means nothing but itself: no emphasis, link, HTML, formula or column.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    let text = text.replace(GLUE, " ");
    let mut characters = text.chars().peekable();
    let mut before = None;
    while let Some(character) = characters.next() {
        let is_inside_word = [before, characters.peek().copied()].iter().all(|next| next.is_some_and(char::is_alphanumeric));
        before = Some(character);
        match character {
            '_' if is_inside_word => escaped.push('_'),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '$' | '#' => {
                escaped.push('\\');
                escaped.push(character);
            }
            other => escaped.push(other),
        }
    }
    escaped
}

/// A line inside a block of code, which only a fence would end.
fn fenced(line: &str) -> String {
    line.replace(GLUE, " ").replace("```", "'''")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    #[test]
    fn a_report_is_tables_with_what_is_missed_and_alerted_above_them() {
        let expected = r#"# Customer metrics

**Targets: 1 missed.**

- ✗ missed: NPS, 2025-01: -5.0, target at least +40.0

**Alerts**

- critical dropped: NPS fell to -5 &lt;b&gt;

## NPS (loyalty.nps), points

| period | region | year | value | interval | n | target | vs benchmark | vs previous | vs year ago | note |
| :--- | :--- | :--- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
| 2025-01 | (all) | (all) | -5.0 | -12.2 – +2.0 | 1_310 | ✗ missed, -12.5 % | -37.0 worse | -1.5 (-42.0 %) worse | – |  |
| 2025-01 | Nordics | 2024 | +41.3 | +35.0 – +47.5 | 1_204 | ✓ met, 103.2 % | +9.3 better | +4.8 † better | – |  |
| 2025-02\* | (missing) | 2024 | – |  | 0 | ? unknown | – |  |  | 1 |
| 2025-02\* | Iceland | 2024 | suppressed |  |  | ? unknown |  |  |  |  |

Target: at least +40.0; at risk down to +30.0; progress from 0.0.

Benchmark: +32.0 (our 2024 average).

\* Partial: cut by the report's period, or not yet covered by the data.

Suppressed: groups smaller than 5, and those that would reveal them.

† Significant: the p-value of no change is below 0.05.

Note 1: no rows

## =Time (support.first_response_time), seconds

| region | year | value | n |
| :--- | :--- | ---: | ---: |
| =HYPERLINK("http://x","y") | -3 | 2 h 05 min | 12.5 |

Note: two\\nlines, "quoted"

## Rejected rows

| table | reason | rows | requests |
| :--- | :--- | ---: | :--- |
| responses | \`score\` is above 10 | 1_500 | NPS, CSAT |
"#;
        let markdown = render(&fixture::result()).replace('\u{2009}', "_").replace("\\_", "_");
        assert!(markdown.starts_with(expected), "{markdown}");
    }

    #[test]
    fn text_of_the_data_stays_text() {
        assert_eq!(escaped("a|b <script>*x*_y_ [l](u) `c` $f$ #1"), "a\\|b &lt;script&gt;\\*x\\*\\_y\\_ \\[l\\](u) \\`c\\` \\$f\\$ \\#1");
        assert_eq!(escaped("nps_of_all _x_ a__b"), "nps_of_all \\_x\\_ a\\_\\_b");
        assert_eq!(fenced("```\u{a0}x"), "''' x");
    }
}
