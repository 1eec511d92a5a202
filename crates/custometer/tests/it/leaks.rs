//! With `hash_ids`, no id leaves as it is written: not in any file, on the terminal, or in an explanation.

use std::collections::BTreeSet;
use std::fs;
use std::io::{Cursor, Read as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// A report that would show ids in every way that there is: as groups, in tables of details, in rejected rows, in a metric's own dimension and
/// in notes. Some of the derived columns can't be made of an id, which rejects its row.
const EVERY_WAY: &str = r#"
[report]
from = 2025-01-01
until = 2025-03-01
as_of = 2025-03-01
max_rejected_percent = 100
rejected_rows = true

[tables.orders]
path = "DATASETS/orders.csv"
where = "amount < 25"
derive = { initial = "LOWER(customer_id)", digits = "CAST(order_id AS INTEGER)", in_words = "'of ' || customer_id" }

[tables.buyers]
path = "DATASETS/orders.csv"
where = "amount < 25 AND customer_id <> 'nobody'"
columns = { who = "customer_id", which = "order_id" }

[tables.events]
path = "DATASETS/events.csv"
where = "event = 'purchase'"

[tables.referrals]
path = "DATASETS/referrals.csv"
columns = { created_at = "time", customer_id = "referred_id", source = "referrer_id" }

[[metrics]]
metric = "loyalty.average_order_value"
table = "orders"
by = [["order_id"], ["customer_id", "region"], ["initial"], ["in_words"]]

[[metrics]]
name = "rejected"
metric = "loyalty.average_order_value"
table = "orders"
by = [["digits"]]

[[metrics]]
name = "renamed"
metric = "loyalty.average_order_value"
table = "buyers"
by = [["who"], ["which"]]

[[metrics]]
metric = "loyalty.customers_at_risk"
table = "orders"
detail = true

[[metrics]]
metric = "loyalty.rfm"
table = "orders"
detail = true

[[metrics]]
metric = "web.visitors"
table = "events"
by = [["user_id"], ["session_id"]]

[[metrics]]
metric = "loyalty.acquisition_source"
table = "referrals"
params = { show = "count" }

[[alerts]]
name = "any"
metrics = ["loyalty.average_order_value"]
when = { value_above = 1 }
on = "groups"
"#;

/// The ids of the sample data in a text: a letter and seven or eight digits, such as `C0000042`, in large letters or small.
fn ids(text: &[u8]) -> BTreeSet<String> {
    let is_id = |word: &&[u8]| {
        matches!(word, [letter, digits @ ..]
            if letter.is_ascii_alphabetic() && matches!(digits.len(), 7 | 8) && digits.iter().all(u8::is_ascii_digit))
    };
    let words = text.split(|byte| !byte.is_ascii_alphanumeric()).filter(is_id);
    words.map(|word| String::from_utf8_lossy(word).to_uppercase()).collect()
}

/// All files in a folder and those in it.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// What is in a file; of a workbook, what is in its parts.
fn content(file: &Path) -> Vec<u8> {
    let bytes = fs::read(file).unwrap();
    if file.extension().is_none_or(|extension| extension != "xlsx") {
        return bytes;
    }
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut parts = Vec::new();
    for part in 0..archive.len() {
        archive.by_index(part).unwrap().read_to_end(&mut parts).unwrap();
    }
    parts
}

/// All ids that a report shows, in whatever it writes and says.
fn shown(report: &Path, settings: &[&str]) -> BTreeSet<String> {
    let folder = TempDir::new().unwrap();
    let mut found = BTreeSet::new();
    let mut run = |command: &str, more: &[&str]| {
        let mut program = Command::new(env!("CARGO_BIN_EXE_custometer"));
        program.arg(command).arg(report).args(settings).args(more).env("CUSTOMETER_SECRET", "sixteen bytes or more");
        let output = program.current_dir(ROOT).output().unwrap();
        assert!(matches!(output.status.code(), Some(0 | 4)), "{}: {}", report.display(), String::from_utf8_lossy(&output.stderr));
        found.extend(ids(&output.stdout).into_iter().chain(ids(&output.stderr)));
    };
    run("explain", &[]);
    run("run", &["--dry-run", "--format", "table,markdown,json,csv,parquet,html,xlsx", "--out", folder.path().to_str().unwrap()]);
    let files = files(folder.path());
    assert!(files.len() >= 7, "{files:?}");
    found.extend(files.iter().flat_map(|file| ids(&content(file))));
    found
}

const HASHED: [&str; 2] = ["--set", "report.hash_ids=\"CUSTOMETER_SECRET\""];

#[test]
fn no_id_leaves_in_any_way() {
    let folder = TempDir::new().unwrap();
    let report = folder.path().join("report.toml");
    fs::write(&report, EVERY_WAY.replace("DATASETS", &format!("{ROOT}/datasets"))).unwrap();
    let open = shown(&report, &[]);
    for kind in ["C", "F", "O", "S", "U"] {
        // Otherwise nothing is looked for. A referral has no number of its own in this report.
        assert_eq!(open.iter().any(|id| id.starts_with(kind)), kind != "F", "{kind}: {} ids", open.len());
    }
    assert_eq!(shown(&report, &HASHED), BTreeSet::new());
}

#[test]
fn no_report_that_comes_with_the_program_shows_an_id() {
    let mut reports: Vec<PathBuf> = fs::read_dir(format!("{ROOT}/config")).unwrap().map(|file| file.unwrap().path()).collect();
    reports.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    assert!(reports.len() >= 6, "{reports:?}");
    for report in reports {
        assert_eq!(shown(&report, &HASHED), BTreeSet::new(), "{}", report.display());
    }
}
