//! The pages of packs in the reference: one for each, and an index.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use custometer_runner::packs::{Pack, PackTable, Packs};

use super::markdown::{MARK, cell, prose};

/// The page that lists the packs.
pub(super) const INDEX: &str = "packs.md";

/// The name of a pack's page.
pub(super) fn file_name(pack: &str) -> String {
    format!("pack.{pack}.md")
}

/// The pages, by the names of their files.
pub(super) fn pages(packs: &Packs) -> BTreeMap<String, String> {
    let mut pages: BTreeMap<String, String> = packs.iter().map(|(name, pack)| (file_name(name), page(name, pack))).collect();
    pages.insert(INDEX.to_owned(), index(packs));
    pages
}

fn index(packs: &Packs) -> String {
    let mut text = format!(
        "{MARK}\n# All packs\n\nHow exports of known systems are read. [Packs](../guides/packs.md) says how a report uses them, and how a team makes its own.\n"
    );
    // Writing to a string does not fail.
    let _ = writeln!(text, "\n| table | read as | export | tried on |\n|---|---|---|---|");
    for (name, table) in packs.tables() {
        let page = file_name(name.split_once('.').map_or(name.as_str(), |(pack, _)| pack));
        let reads = table.reads.as_ref().map_or_else(|| "–".to_owned(), |reads| format!("`{reads}`"));
        let _ = writeln!(text, "| [`{name}`]({page}) | {reads} | {} | {} |", cell(&table.export), table.tried.as_str());
    }
    text
}

fn page(name: &str, pack: &Pack) -> String {
    let mut text = format!("{MARK}\n# {}\n\n{}\n", pack.title, prose(&pack.about));
    let _ = write_page(&mut text, name, pack);
    text
}

fn write_page(text: &mut String, name: &str, pack: &Pack) -> std::fmt::Result {
    if !pack.definitions.is_empty() {
        writeln!(text, "\n## What {} counts\n\n| term | how it is counted there | metric |\n|---|---|---|", pack.title)?;
    }
    for definition in &pack.definitions {
        let metric = definition.metric.as_ref().map(|metric| format!("[`{metric}`]({metric}.md)")).unwrap_or_default();
        writeln!(text, "| [{}]({}) | {} | {metric} |", cell(&definition.term), definition.source, cell(&definition.means))?;
    }
    for (table, is) in &pack.tables {
        write_table(text, &format!("{name}.{table}"), table, is)?;
    }
    Ok(())
}

fn write_table(text: &mut String, name: &str, table: &str, is: &PackTable) -> std::fmt::Result {
    writeln!(text, "\n## `{name}`\n\nOne row is {}.\n", prose(&is.row))?;
    let language = is.language.as_ref().map(|language| format!("; its header is in `{language}`")).unwrap_or_default();
    writeln!(text, "- **Export**: {}{language}", prose(&is.export))?;
    writeln!(text, "- **Tried on**: {}; its shape is known [from here]({})", is.tried.as_str(), is.source)?;
    if let Some(pattern) = &is.first_line {
        writeln!(text, "- **Recognised** by a first line like `{pattern}`")?;
    } else {
        let has = is.has.iter().map(|column| format!("`{column}`")).collect::<Vec<_>>().join(", ");
        let only = if is.is_only_named { ", where `--pack` names it" } else { "" };
        writeln!(text, "- **Recognised** by {has}{only}")?;
    }
    if let Some(reads) = &is.reads {
        writeln!(text, "- **Read as** `{reads}`")?;
    }
    for other in &is.needs {
        writeln!(text, "- **Needs** a table of `{}` beside it", name.replace(table, other))?;
    }
    for (column, what) in &is.asks {
        writeln!(text, "- **To be said**: `columns.{column}`, {}", prose(what))?;
    }
    for note in &is.notes {
        writeln!(text, "- {}", prose(note))?;
    }
    writeln!(text, "\n```toml\n[tables.{table}]\npack = \"{name}\"\npath = \"…\"\n```\n")?;
    if !is.settings.is_empty() {
        writeln!(text, "It says:\n\n```toml\n{}```", settings(&is.settings))?;
    }
    for (other, says) in &is.beside {
        writeln!(text, "\nBeside a table of `{}`:\n\n```toml\n{}```", name.replace(table, other), settings(says))?;
    }
    let metrics: Vec<String> =
        is.metrics.iter().filter_map(|metric| metric.get("metric")?.as_str()).map(|id| format!("[`{id}`]({id}.md)")).collect();
    if !metrics.is_empty() {
        writeln!(text, "\nFor {}.", metrics.join(", "))?;
    }
    Ok(())
}

/// Settings as a report says them, one to a line.
fn settings(table: &toml::Table) -> String {
    custometer_runner::packs::lines(table).join("\n") + "\n"
}
