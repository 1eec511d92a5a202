//! `state`: what runs keep of files for later ones.

use std::path::Path;
use std::time::SystemTime;

use comfy_table::{Table, presets};
use custometer_runner::result::harmless;
use custometer_runner::stages::{Reuse, StateFile, States};
use indicatif::{HumanBytes, HumanDuration};

use crate::failure::Failure;
use crate::tell::{counted, note, print};

pub(super) fn run(folder: &Path, prune: bool) -> Result<(), Failure> {
    let states = States::new(folder);
    let all = states.all().map_err(Failure::run)?;
    let bytes = all.iter().map(|state| state.bytes).sum();
    if prune {
        states.prune().map_err(Failure::run)?;
        note(
            false,
            &format!("removed what was kept of {}, {}; the next run reads all files", counted(all.len(), "file"), HumanBytes(bytes)),
        );
        return Ok(());
    }
    if all.is_empty() {
        return print("nothing is kept of any file: `custometer run REPORT --state DIR` keeps it\n");
    }
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(["table", "file", "rows", "size", "used"]);
    for state in &all {
        table.add_row(line(state));
    }
    print(&harmless::lines(&format!("{table}\n\n{}, {}\n", counted(all.len(), "file"), HumanBytes(bytes))))
}

#[expect(clippy::disallowed_methods, reason = "how long ago it was is for people")]
fn line(state: &StateFile) -> [String; 5] {
    let used =
        SystemTime::now().duration_since(state.used).map_or_else(|_| "now".to_owned(), |ago| format!("{:#} ago", HumanDuration(ago)));
    if state.is_damaged {
        let damaged = "damaged: it is made anew by the next run".to_owned();
        return [String::new(), damaged, String::new(), HumanBytes(state.bytes).to_string(), used];
    }
    [state.table.clone(), state.file.clone(), state.rows.to_string(), HumanBytes(state.bytes).to_string(), used]
}

/// What is to be said of what a run had kept.
pub(super) fn words(reuse: &Reuse) -> Vec<String> {
    let Reuse { kept, new, other, moved, damaged, whole, not_kept } = reuse;
    let of = [
        (new, "new or changed"),
        (other, "kept by another config or program, or with other tables beside"),
        (moved, "in another period now"),
        (damaged, "damaged where it was kept"),
    ];
    let of: Vec<String> = of.iter().filter(|(count, _)| **count > 0).map(|(count, what)| format!("{count} {what}")).collect();
    let mut words = Vec::new();
    let read = new + other + moved + damaged;
    if kept + read > 0 {
        let of = if of.is_empty() { String::new() } else { format!(": {}", of.join(", ")) };
        words.push(format!("{} as kept, {read} read{of}", counted(*kept, "file")));
    }
    words.extend(whole.iter().map(|table| format!("table `{table}` is read as a whole: its rows are judged by other rows")));
    words.extend(not_kept.iter().map(|why| format!("nothing is kept of files for the next run: {why}")));
    words
}
