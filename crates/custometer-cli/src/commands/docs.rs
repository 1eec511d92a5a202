//! `docs`: the registry as a reference in Markdown, a page for each metric.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::Path;

use custometer_core::function::Function;
use custometer_core::metric::Example;
use custometer_core::registry::Descriptor;
use custometer_core::{Column, Definition, DimensionRule, Direction, Registry, Source, Table, Unit};
use custometer_runner::packs::Packs;

use super::markdown::{MARK, cell, prose};
use super::pack_pages;
use crate::description::{self, Param};
use crate::failure::Failure;

/// The page that lists all others.
const INDEX: &str = "README.md";
/// The page of what expressions may say.
const EXPRESSIONS: &str = "expressions.md";
/// The part of a book's summary that lists the pages, and all after it.
const PART: &str = "# Reference";

/// Why a book's summary can't list the pages.
#[derive(Debug, thiserror::Error)]
enum SummaryError {
    #[error("`{0}` can't be read")]
    Unreadable(String, #[source] io::Error),
    #[error("`{0}` has no line `{PART}`, from which on the pages are listed: add one at its end")]
    NoPart(String),
    #[error("`{out}` is not in the folder of `{summary}`, where a book's pages are")]
    Elsewhere { out: String, summary: String },
}

/// Writes the pages of all metrics, and lists them in the summary of a book; how many there are.
pub(super) fn write(registry: &Registry, out: &Path, summary: Option<&Path>) -> Result<usize, Failure> {
    let summary = summary.map(|path| with_part(registry, out, path).map(|text| (path, text))).transpose().map_err(Failure::usage)?;
    let mut pages: BTreeMap<String, String> = registry.iter().map(|metric| (file_name(metric), page(metric))).collect();
    pages.insert(INDEX.to_owned(), index(registry));
    pages.extend(pack_pages::pages(&Packs::built_in()));
    pages.insert(EXPRESSIONS.to_owned(), format!("{MARK}\n{}", custometer_runner::expressions_page()));
    write_pages(&pages, out).map_err(Failure::run)?;
    if let Some((path, text)) = summary {
        fs::write(path, text).map_err(Failure::run)?;
    }
    Ok(pages.len())
}

fn write_pages(pages: &BTreeMap<String, String>, out: &Path) -> io::Result<()> {
    fs::create_dir_all(out)?;
    for (name, text) in pages {
        fs::write(out.join(name), text)?;
    }
    for file in fs::read_dir(out)? {
        let path = file?.path();
        let is_known = path.file_name().and_then(|name| name.to_str()).is_some_and(|name| pages.contains_key(name));
        if !is_known && path.is_file() && fs::read(&path)?.starts_with(MARK.as_bytes()) {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}

fn file_name(metric: &Descriptor) -> String {
    format!("{}.md", metric.about.id)
}

/// All metrics by what their ids begin with.
fn domains(registry: &Registry) -> BTreeMap<&'static str, Vec<&'static Descriptor>> {
    let mut domains: BTreeMap<&str, Vec<&Descriptor>> = BTreeMap::new();
    for metric in registry.iter() {
        domains.entry(metric.about.id.split('.').next().unwrap_or_default()).or_default().push(metric);
    }
    domains
}

/// The summary of a book, with the pages in place of those it listed before.
fn with_part(registry: &Registry, out: &Path, path: &Path) -> Result<String, SummaryError> {
    let name = || path.display().to_string();
    let text = fs::read_to_string(path).map_err(|error| SummaryError::Unreadable(name(), error))?;
    let kept: Vec<&str> = text.lines().take_while(|line| *line != PART).collect();
    if kept.len() == text.lines().count() {
        return Err(SummaryError::NoPart(name()));
    }
    let folder = path.parent().and_then(|folder| out.strip_prefix(folder).ok());
    let folder = folder.ok_or_else(|| SummaryError::Elsewhere { out: out.display().to_string(), summary: name() })?;
    let link = |title: &str, file: &str| format!("- [{title}]({})", folder.join(file).display().to_string().replace('\\', "/"));
    let mut lines: Vec<String> = kept.into_iter().map(str::to_owned).collect();
    lines.extend([PART.to_owned(), String::new(), link("All metrics", INDEX), link("Expressions", EXPRESSIONS)]);
    lines.push(link("All packs", pack_pages::INDEX));
    for (domain, metrics) in domains(registry) {
        lines.extend([String::new(), format!("{PART}: {domain}"), String::new()]);
        lines.extend(metrics.iter().map(|metric| link(metric.about.title, &file_name(metric))));
    }
    lines.extend([String::new(), format!("{PART}: packs"), String::new()]);
    lines.extend(Packs::built_in().iter().map(|(name, pack)| link(&pack.title, &pack_pages::file_name(name))));
    Ok(lines.join("\n") + "\n")
}

fn index(registry: &Registry) -> String {
    let mut text = String::new();
    // Writing to a string does not fail.
    let _ = write_index(&mut text, registry);
    text
}

fn write_index(text: &mut String, registry: &Registry) -> std::fmt::Result {
    writeln!(text, "{MARK}\n# All metrics\n")?;
    writeln!(text, "What each page says is read off the metric itself, and every example on it is run as a test.")?;
    for (domain, metrics) in domains(registry) {
        writeln!(text, "\n## {domain}\n\n| metric | what it measures | table | unit | better |\n|---|---|---|---|---|")?;
        for metric in metrics {
            let about = metric.about;
            let tables = tables(&description::definitions(metric));
            let unit = about.unit.as_str();
            let summary = cell(about.summary);
            writeln!(text, "| [`{}`]({}) | {summary} | {tables} | {unit} | {} |", about.id, file_name(metric), better(about.direction))?;
        }
    }
    writeln!(
        text,
        "\n## Functions\n\nWhat [expressions](expressions.md) may call beside the functions that are always there.\n\n| function | what it says |\n|---|---|"
    )?;
    for function in Function::linked() {
        let arguments = vec!["…"; function.arguments].join(", ");
        writeln!(text, "| `{}({arguments})` | {} |", function.name, cell(function.summary))?;
    }
    Ok(())
}

/// The tables that are read with one parameter or another.
fn tables(definitions: &[(&str, Definition)]) -> String {
    let mut tables: Vec<String> = Vec::new();
    for (_, definition) in definitions {
        let table = format!("`{}`", definition.source.table);
        if !tables.contains(&table) {
            tables.push(table);
        }
    }
    tables.join(", ")
}

fn better(direction: Direction) -> &'static str {
    match direction {
        Direction::HigherIsBetter => "higher",
        Direction::LowerIsBetter => "lower",
        Direction::Neutral => "–",
    }
}

fn page(metric: &Descriptor) -> String {
    let mut text = String::new();
    let _ = write_page(&mut text, metric);
    text
}

fn write_page(text: &mut String, metric: &Descriptor) -> std::fmt::Result {
    let about = metric.about;
    let definitions = description::definitions(metric);
    writeln!(text, "{MARK}\n# {}\n\n`{}`, of the crate `{}`\n\n{}\n", about.title, about.id, metric.krate, prose(about.summary))?;
    writeln!(text, "> {}\n", prose(about.formula))?;
    if let Some((params, definition)) = definitions.first() {
        writeln!(text, "```toml\n[[metrics]]\nmetric = \"{}\"\ntable = \"{}\"", about.id, definition.source.table)?;
        if !params.is_empty() {
            writeln!(text, "\n[metrics.params]\n{params}")?;
        }
        writeln!(text, "```\n")?;
    }
    output(text, metric, &definitions)?;
    inputs(text, metric, &definitions)?;
    let params = description::params(metric);
    if !params.is_empty() {
        writeln!(text, "\n## Parameters\n")?;
        params.iter().try_for_each(|param| write_param(text, param, 0))?;
    }
    writeln!(text, "\n## Edge cases\n")?;
    about.edge_cases.iter().try_for_each(|case| writeln!(text, "- {}", prose(case)))?;
    writeln!(text, "\n## Examples")?;
    about.examples.iter().try_for_each(|example| write_example(text, example))?;
    if !about.references.is_empty() {
        writeln!(text, "\n## References\n")?;
        about.references.iter().try_for_each(|reference| writeln!(text, "- {}", prose(reference)))?;
    }
    Ok(())
}

/// What results have.
fn output(text: &mut String, metric: &Descriptor, definitions: &[(&str, Definition)]) -> std::fmt::Result {
    let about = metric.about;
    let unit_of = |definition: &Definition| definition.unit.unwrap_or(about.unit).as_str();
    let direction_of = |definition: &Definition| better(definition.direction.unwrap_or(about.direction));
    writeln!(text, "## Output\n")?;
    writeln!(text, "- **Unit**: {}", description::with_others(metric, definitions, about.unit.as_str(), unit_of))?;
    writeln!(text, "- **Range**: {}", prose(about.range))?;
    writeln!(text, "- **Better**: {}", description::with_others(metric, definitions, better(about.direction), direction_of))?;
    let all = |names: fn(&Definition) -> Vec<String>| {
        let mut found: Vec<String> = Vec::new();
        for name in definitions.iter().flat_map(|(_, definition)| names(definition)) {
            if !found.contains(&name) {
                found.push(name);
            }
        }
        found.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
    };
    let rows = [
        ("Dimensions of its own", all(Definition::dimensions)),
        ("Measures", all(|definition| definition.measures.iter().map(|measure| measure.name.clone()).collect())),
        ("Columns of its detail table", all(|definition| definition.detail.clone())),
    ];
    for (what, names) in rows.iter().filter(|(_, names)| !names.is_empty()) {
        writeln!(text, "- **{what}**: {names}")?;
    }
    let derivations = definitions.iter().filter_map(|(_, definition)| definition.derivation.as_ref());
    let rules: Vec<DimensionRule> = derivations.map(|derivation| derivation.dimensions()).collect();
    if rules.contains(&DimensionRule::PartOfEntity) {
        writeln!(text, "- **In a breakdown**: groups do not add up, because somebody with rows in several groups counts in each")?;
    }
    if let Some(windows) = description::no_windows(metric, definitions) {
        writeln!(text, "- **Over a window**: {windows}")?;
    }
    Ok(())
}

/// What is read, and what more or less with other parameters.
fn inputs(text: &mut String, metric: &Descriptor, definitions: &[(&str, Definition)]) -> std::fmt::Result {
    let Some((usual, first)) = definitions.first() else { return Ok(()) };
    let what = |table: Table| if table.row.is_empty() { format!("`{table}`") } else { format!("`{table}`, {} per row", table.row) };
    writeln!(text, "\n## Input\n\nA table of {}:\n", what(first.source.table))?;
    columns(text, &Input::of(&first.source), first.source.is_always_timed)?;
    rules(text, &first.source.reasons())?;
    let mut seen = vec![Input::of(&first.source)];
    for (params, definition) in &definitions[1..] {
        let input = Input::of(&definition.source);
        if seen.contains(&input) {
            continue;
        }
        let with = description::difference(metric, usual, params, |definition| Input::of(&definition.source) == input);
        let reasons: Vec<&String> = input.reasons.iter().filter(|reason| !seen[0].reasons.contains(reason)).collect();
        if input.table == seen[0].table {
            let names = |columns: &[&Column]| columns.iter().map(|column| format!("`{}`", column.name)).collect::<Vec<_>>().join(", ");
            let is_named = |columns: &[&Column], name: &str| columns.iter().any(|column| column.name == name);
            let added: Vec<&Column> = input.columns.iter().copied().filter(|column| !seen[0].columns.contains(column)).collect();
            let gone = seen[0].columns.iter().copied().filter(|column| !is_named(&input.columns, column.name)).collect::<Vec<_>>();
            match (added.is_empty(), gone.is_empty()) {
                (true, true) => {}
                (true, false) => writeln!(text, "\nWith `{with}`, it does not read {}.", names(&gone))?,
                (false, _) => {
                    let which = if gone.is_empty() { "also reads".to_owned() } else { format!("reads in place of {}", names(&gone)) };
                    writeln!(text, "\nWith `{with}`, it {which}:\n")?;
                    columns(text, &Input { time: None, columns: added, ..input.clone() }, false)?;
                }
            }
        } else {
            writeln!(text, "\nWith `{with}`, a table of {}:\n", what(definition.source.table))?;
            columns(text, &input, definition.source.is_always_timed)?;
        }
        if !reasons.is_empty() {
            writeln!(text, "\nWith `{with}`, these rows are rejected as well:\n")?;
            reasons.iter().try_for_each(|reason| writeln!(text, "- {}", prose(reason)))?;
        }
        seen.push(input);
    }
    Ok(())
}

/// What a reader has to know of a source.
#[derive(Clone, PartialEq)]
struct Input<'a> {
    table: &'static str,
    time: Option<&'static str>,
    columns: Vec<&'a Column>,
    reasons: Vec<String>,
}

impl<'a> Input<'a> {
    fn of(source: &'a Source) -> Self {
        let columns = description::columns(source).collect();
        Self { table: source.table.name, time: description::bucket_column(source), columns, reasons: source.reasons() }
    }
}

fn columns(text: &mut String, input: &Input<'_>, is_always_timed: bool) -> std::fmt::Result {
    writeln!(text, "| column | values | unit | missing | what it is |\n|---|---|---|---|---|")?;
    if let Some(time) = input.time {
        let needed = if is_always_timed { "rejected" } else { "rejected; not read without period and grain" };
        writeln!(text, "| `{time}` | time | | {needed} | decides the bucket |")?;
    }
    for column in &input.columns {
        let values = cell(&description::values_of(column));
        let unit = column.unit.map(Unit::as_str).unwrap_or_default();
        let nulls = column.nulls.as_str().trim_start_matches("missing: ");
        writeln!(text, "| `{}` | {values} | {unit} | {nulls} | {} |", column.name, cell(column.description))?;
    }
    Ok(())
}

fn rules(text: &mut String, reasons: &[String]) -> std::fmt::Result {
    if !reasons.is_empty() {
        writeln!(text, "\nA row is rejected when:\n")?;
        reasons.iter().try_for_each(|reason| writeln!(text, "- {}", prose(reason)))?;
    }
    Ok(())
}

fn write_param(text: &mut String, param: &Param, depth: usize) -> std::fmt::Result {
    let indent = "  ".repeat(depth);
    let given = param.given.strip_prefix("default ").map_or_else(|| param.given.clone(), |default| format!("default `{default}`"));
    writeln!(text, "{indent}- **`{}`**: {}; {given}  ", param.name, prose(&param.kind))?;
    writeln!(text, "{indent}  {}", prose(&param.description))?;
    for (word, meaning) in &param.choices {
        writeln!(text, "{indent}  - `{word}`: {}", prose(meaning))?;
    }
    param.keys.iter().try_for_each(|key| write_param(text, key, depth + 1))
}

fn write_example(text: &mut String, example: &Example) -> std::fmt::Result {
    writeln!(text, "\n### {}\n", capitalized(&prose(example.title)))?;
    let report = if example.report.is_empty() { String::new() } else { format!("[report]\n{}\n", example.report) };
    let params = if example.params.is_empty() { String::new() } else { format!("[metrics.params]\n{}\n", example.params) };
    if !(report.is_empty() && params.is_empty()) {
        let between = if report.is_empty() || params.is_empty() { "" } else { "\n" };
        writeln!(text, "```toml\n{report}{between}{params}```\n")?;
    }
    writeln!(text, "```text\n{}", example.header)?;
    for (times, line) in example.rows {
        let numbered = if line.contains("{i}") { ", {i} their number from 0 on" } else { "" };
        let times = if *times == 1 { String::new() } else { format!("   ({times} such rows{numbered})") };
        writeln!(text, "{line}{times}")?;
    }
    writeln!(text, "```\n")?;
    match example.expected {
        [("", value)] => writeln!(text, "Value: **{}**", shown(*value)),
        values => {
            writeln!(text, "| | value |\n|---|---|")?;
            values.iter().try_for_each(|(of, value)| writeln!(text, "| `{of}` | {} |", shown(*value)))
        }
    }
}

/// A value to the twelve digits that results have.
fn shown(value: Option<f64>) -> String {
    let rounded = value.and_then(|value| format!("{value:.11e}").parse::<f64>().ok());
    rounded.map_or("undefined".to_owned(), |value| value.to_string())
}

/// The same with a capital, where it begins with a letter.
fn capitalized(title: &str) -> String {
    let mut letters = title.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_keeps_what_is_before_the_reference() {
        let folder = tempfile::TempDir::new().unwrap();
        let path = folder.path().join("SUMMARY.md");
        let registry = Registry::of([]).unwrap();
        let part = |text: &str, out: &str| {
            fs::write(&path, text).unwrap();
            with_part(&registry, &folder.path().join(out), &path).map_err(|error| error.to_string())
        };
        let text = "# Summary\n\n- [Start](start.md)\n\n# Reference\n\n- [Old](reference/old.md)\n";
        let expected = "# Summary\n\n- [Start](start.md)\n\n# Reference\n\n- [All metrics](reference/README.md)\n- [Expressions](reference/expressions.md)\n- [All packs](reference/packs.md)\n\n# Reference: packs\n\n- [Asterisk](reference/pack.asterisk.md)\n";
        assert!(part(text, "reference").unwrap().starts_with(expected), "{:?}", part(text, "reference"));
        assert!(
            part("# Summary\n", "reference")
                .unwrap_err()
                .ends_with("has no line `# Reference`, from which on the pages are listed: add one at its end")
        );
        assert!(part(text, "/elsewhere").unwrap_err().contains("is not in the folder of"));
    }

    #[test]
    fn only_pages_that_were_made_here_are_removed() {
        let folder = tempfile::TempDir::new().unwrap();
        let file = |name: &str| folder.path().join(name);
        fs::write(file("mine.md"), "# Mine\n").unwrap();
        fs::write(file("acme.gone.md"), format!("{MARK}\n# Gone\n")).unwrap();
        // The index, expressions, and packs with theirs.
        assert_eq!(write(&Registry::of([]).unwrap(), folder.path(), None).unwrap(), 3 + Packs::built_in().iter().count());
        assert!(file("mine.md").exists() && file(INDEX).exists() && !file("acme.gone.md").exists());
    }
}
