//! `init`: a first report on files. What could be meant in two ways is asked where somebody can answer.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufRead as _, IsTerminal as _, Write as _};
use std::path::{Component, Path};

use custometer_core::Registry;
use custometer_core::suggest::did_you_mean;
use custometer_runner::init::{self, Place, Question};
use custometer_runner::inspect::Answers;
use custometer_runner::packs::{FOLDER, Packs};
use custometer_runner::result::harmless;

use crate::failure::Failure;
use crate::tell::{counted, note};

/// What the command line says of it.
pub(super) struct Wanted<'a> {
    pub(super) paths: &'a [String],
    pub(super) pack: Option<&'a str>,
    pub(super) out: &'a Path,
    pub(super) force: bool,
}

pub(super) fn run(wanted: &Wanted<'_>, today: jiff::civil::Date, registry: &Registry) -> Result<(), Failure> {
    let out = wanted.out;
    if out.exists() && !wanted.force {
        let help = "say `--force` to write over it, or `--out FILE` for another";
        return Err(Failure::usage(format!("`{}` is there already: {help}", out.display())));
    }
    let folder = super::folder_of(out);
    let packs = Packs::all(&folder.join(FOLDER)).map_err(Failure::usage)?;
    let packs = match wanted.pack {
        None => packs,
        Some(name) => {
            let known: Vec<String> = packs.iter().map(|(name, _)| name.to_owned()).collect();
            packs.only(name).ok_or_else(|| {
                let help = did_you_mean(name, known.iter().map(String::as_str));
                let help = help.unwrap_or_else(|| "`custometer packs list` shows those that there are".to_owned());
                Failure::usage(format!("there is no pack `{name}`: {help}"))
            })?
        }
    };
    let draft = init::draft(wanted.paths, registry, &packs, wanted.pack.is_some()).map_err(Failure::run)?;
    let answers = if io::stdin().is_terminal() && io::stderr().is_terminal() { asked(&draft.questions()) } else { BTreeMap::new() };
    let written = draft.report(&answers, &Place { folder, path: &|path| seen_from(folder, path), registry, today });
    for reason in &written.left_out {
        note(false, &format!("left out: {reason}"));
    }
    if written.tables == 0 {
        return Err(Failure::run(
            "nothing was written: no metric can be computed of these files as they are; `custometer inspect` says more of them",
        ));
    }
    write(out, &written.text, wanted.force).map_err(|error| Failure::run(format!("`{}` can't be written: {error}", out.display())))?;
    for Question { table, choice, .. } in &written.open {
        note(false, &format!("left to you, of `{table}`: {}", choice.asks));
    }
    let made = format!("{}, {}", counted(written.tables, "table"), counted(written.requests, "request"));
    let next = match written.requests {
        0 => "make the choices in it, then".to_owned(),
        _ => "next:".to_owned(),
    };
    note(false, &format!("wrote {} ({made}); {next} custometer run {}", out.display(), out.display()));
    Ok(())
}

fn write(out: &Path, text: &str, force: bool) -> io::Result<()> {
    if force {
        return fs::write(out, text);
    }
    // Somebody may have written it since.
    File::create_new(out)?.write_all(text.as_bytes())
}

/// Asks one question after the other. An empty answer leaves it open, and so does the end of the input.
fn asked(questions: &[Question]) -> BTreeMap<String, Answers> {
    let mut answers: BTreeMap<String, Answers> = BTreeMap::new();
    for Question { table, files, choice } in questions {
        note(false, &format!("\n{} ({}): {}", table, files.join(", "), choice.asks));
        for (number, option) in choice.options.iter().enumerate() {
            note(false, &format!("  {} {}", number + 1, harmless::line(&option.means)));
        }
        let Some(answer) = answer(choice.options.len()) else { continue };
        answers.entry(table.clone()).or_default().insert(choice.key.clone(), answer);
    }
    answers
}

/// The position of the option that is answered.
fn answer(options: usize) -> Option<usize> {
    loop {
        let _ = write!(io::stderr(), "1 to {options}, or nothing to leave it open: ");
        let mut line = String::new();
        if io::stdin().lock().read_line(&mut line).ok()? == 0 || line.trim().is_empty() {
            return None;
        }
        if let Some(number) = line.trim().parse::<usize>().ok().filter(|number| (1..=options).contains(number)) {
            return Some(number - 1);
        }
    }
}

/// A path of the folder that the program runs in, as seen from the folder of the report.
fn seen_from(folder: &Path, path: &str) -> String {
    let steps: Vec<Component<'_>> = folder.components().filter(|step| *step != Component::CurDir).collect();
    let path = path.strip_prefix("./").unwrap_or(path);
    if Path::new(path).is_absolute() || steps.is_empty() {
        return path.to_owned();
    }
    if steps.iter().all(|step| matches!(step, Component::Normal(_))) {
        let inside = format!("{}/", folder.display().to_string().trim_start_matches("./"));
        return path.strip_prefix(&inside).map_or_else(|| format!("{}{path}", "../".repeat(steps.len())), str::to_owned);
    }
    // From a folder elsewhere, only the whole path leads here.
    std::env::current_dir().map_or_else(|_| path.to_owned(), |here| here.join(path).display().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_relative_to_the_report() {
        let seen = |folder: &str, path: &str| seen_from(Path::new(folder), path);
        assert_eq!(seen(".", "exports/a.csv"), "exports/a.csv");
        assert_eq!(seen("reports", "exports/*.csv"), "../exports/*.csv");
        assert_eq!(seen("reports/2025", "./a.csv"), "../../a.csv");
        assert_eq!(seen("exports", "exports/a.csv"), "a.csv");
        assert_eq!(seen("reports", "/data/a.csv"), "/data/a.csv");
    }
}
