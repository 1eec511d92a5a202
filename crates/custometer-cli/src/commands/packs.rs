//! `packs list` and `packs describe`: how exports of known systems are read, for people.

use std::fmt::Write as _;
use std::path::Path;

use comfy_table::{ContentArrangement, Table, presets};
use custometer_core::suggest::did_you_mean;
use custometer_runner::packs::{Pack, PackTable, Packs, lines};

use crate::args::PacksCommand;
use crate::failure::Failure;

pub(super) fn run(command: &PacksCommand, folder: &Path) -> Result<String, Failure> {
    let packs = Packs::all(folder).map_err(Failure::usage)?;
    match command {
        PacksCommand::List => Ok(list(&packs)),
        PacksCommand::Describe { name } => describe(name, &packs),
    }
}

fn list(packs: &Packs) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    for (name, is) in packs.tables() {
        table.add_row([name.as_str(), is.reads.as_deref().unwrap_or("–"), is.tried.as_str(), &is.export]);
    }
    format!("{}\n", table.trim_fmt())
}

fn describe(name: &str, packs: &Packs) -> Result<String, Failure> {
    let mut text = String::new();
    // Writing to a string does not fail.
    if let Some(pack) = packs.get(name) {
        let _ = write_pack(&mut text, name, pack);
    } else if let Some(table) = packs.table(name) {
        let _ = write_table(&mut text, name, table);
    } else {
        let known: Vec<String> = packs.iter().map(|(name, _)| name.to_owned()).chain(packs.tables().map(|(name, _)| name)).collect();
        let help = did_you_mean(name, known.iter().map(String::as_str));
        let help = help.unwrap_or_else(|| "`custometer packs list` shows those that there are".to_owned());
        return Err(Failure::usage(format!("there is no pack `{name}`: {help}")));
    }
    Ok(text)
}

fn write_pack(text: &mut String, name: &str, pack: &Pack) -> std::fmt::Result {
    writeln!(text, "{}  ({name})\n\n{}", pack.title, pack.about)?;
    if !pack.definitions.is_empty() {
        writeln!(text, "\nWhat {} counts", pack.title)?;
    }
    for definition in &pack.definitions {
        let ours = definition.metric.as_ref().map(|metric| format!(" → {metric}")).unwrap_or_default();
        writeln!(text, "  - {}{ours}: {} ({})", definition.term, definition.means, definition.source)?;
    }
    for (table, is) in &pack.tables {
        writeln!(text)?;
        write_table(text, &format!("{name}.{table}"), is)?;
    }
    Ok(())
}

fn write_table(text: &mut String, name: &str, table: &PackTable) -> std::fmt::Result {
    writeln!(text, "{name}: {}", table.row)?;
    let language = table.language.as_ref().map(|language| format!(", header in `{language}`")).unwrap_or_default();
    writeln!(text, "  export      {}{language}", table.export)?;
    writeln!(text, "  tried on    {}", table.tried.as_str())?;
    writeln!(text, "  known from  {}", table.source)?;
    match &table.first_line {
        Some(pattern) => writeln!(text, "  recognised  by a first line like {pattern}")?,
        None => writeln!(text, "  recognised  by its columns {}", table.has.join(", "))?,
    }
    if !table.needs.is_empty() {
        writeln!(text, "  needs       {}", table.needs.join(", "))?;
    }
    for (column, what) in &table.asks {
        writeln!(text, "  to be said  columns.{column}: {what}")?;
    }
    table.notes.iter().try_for_each(|note| writeln!(text, "  note        {note}"))?;
    lines(&table.settings).iter().try_for_each(|line| writeln!(text, "    {line}"))?;
    for (other, settings) in &table.beside {
        writeln!(text, "    # where the report has the table {other}")?;
        lines(settings).iter().try_for_each(|line| writeln!(text, "    {line}"))?;
    }
    let metrics: Vec<&str> = table.metrics.iter().filter_map(|metric| metric.get("metric")?.as_str()).collect();
    if !metrics.is_empty() {
        writeln!(text, "  for         {}", metrics.join(", "))?;
    }
    Ok(())
}
