//! `--memory` and `--scratch`: what does not fit is on disk while the run lasts, and no longer.

use std::fs;
use std::process::{Command, Output};

use tempfile::TempDir;

use super::{custometer, stderr, stdout, with_threads};

const REPORT: &str = "[report]\nmax_rejected_percent = 1\n[tables.orders]\npath = \"orders.csv\"\n[[metrics]]\nmetric = \"loyalty.repeat_purchase_rate\"\ntable = \"orders\"\n\
                      by = [[], [\"region\"]]\n";

/// A folder with a report, its data, and an empty folder `scratch`.
fn folder() -> TempDir {
    let folder = TempDir::new().unwrap();
    let path = folder.path().to_str().unwrap();
    stdout(&with_threads(&["sample", "--table", "orders", "--rows", "60000", "--out", path], None));
    fs::write(folder.path().join("report.toml"), REPORT).unwrap();
    fs::create_dir(folder.path().join("scratch")).unwrap();
    folder
}

/// What is left in the scratch folder.
fn left(folder: &TempDir) -> usize {
    fs::read_dir(folder.path().join("scratch")).unwrap().count()
}

/// The program in a shell that first limits itself.
#[cfg(unix)]
fn limited(folder: &TempDir, limit: &str) -> Output {
    let run = "run report.toml --format csv --memory 1MB --scratch scratch";
    let script = format!("{limit}; exec '{}' {run}", env!("CARGO_BIN_EXE_custometer"));
    Command::new("sh").args(["-c", &script]).current_dir(folder.path()).output().unwrap()
}

#[test]
#[cfg(unix)]
fn what_does_not_fit_goes_to_the_scratch_folder_which_is_left_as_it_was() {
    let folder = folder();
    let report = folder.path().join("report.toml");
    let expected = stdout(&custometer(&["run", report.to_str().unwrap(), "--format", "csv"]));
    assert_eq!(stdout(&limited(&folder, "true")), expected);
    assert_eq!(left(&folder), 0);
    // No file may have more than half a kilobyte: as if the disk were full.
    let full = limited(&folder, "trap '' XFSZ; ulimit -f 1");
    assert_eq!(full.status.code(), Some(1));
    let said = stderr(&full);
    assert!(said.starts_with("error: what does not fit into memory can't be kept in the folder `scratch`"), "{said}");
    assert!(said.contains("`--scratch DIR`") && said.contains("because: File too large"), "{said}");
    assert!(full.stdout.is_empty());
    assert_eq!(left(&folder), 0);
}

#[test]
fn a_size_that_is_none_and_a_folder_that_is_not_there_are_refused() {
    let refused = |arguments: &[&str]| {
        let output = custometer(&[&["run", "config/quickstart.toml"], arguments].concat());
        assert_eq!(output.status.code(), Some(2));
        stderr(&output)
    };
    for size in ["much", "-1GB", "4", "900KB", ""] {
        let said = refused(&[&format!("--memory={size}")]);
        assert!(said.contains("write a number with its unit, such as 4GB or 512MiB"), "{said}");
    }
    let said = refused(&["--scratch", "no/such/folder"]);
    assert!(said.contains("there is no such folder"), "{said}");
}
