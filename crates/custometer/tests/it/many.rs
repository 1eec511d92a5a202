//! Several reports in one call: each has outputs of its own, and the gravest outcome is the exit code.

use std::fs;
use std::process::Command;

use tempfile::TempDir;

/// A report over a table with one row in five that can't be used.
fn report(more: &str) -> String {
    format!("[tables.orders]\npath = \"../orders.csv\"\n[[metrics]]\nmetric = \"loyalty.average_order_value\"\ntable = \"orders\"\n{more}")
}

fn folder(reports: &[(&str, &str)]) -> TempDir {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("orders.csv"), "time,amount\n2025-01-03,29\n2025-01-04,31\n2025-02-03,8\n2025-02-04,12\n2025-02-05,x\n")
        .unwrap();
    for (name, text) in reports {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

/// The exit code, what was printed, and what was said.
fn custometer(folder: &TempDir, arguments: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_custometer")).args(arguments).current_dir(folder.path()).output().unwrap();
    let [out, said] = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
    (output.status.code().unwrap(), out, said)
}

const ALLOWED: &str = "[report]\nmax_rejected_percent = 50\n";

#[test]
fn each_report_has_a_folder_with_the_bytes_that_it_has_alone() {
    let [a, b] = [report(ALLOWED), report(&format!("{ALLOWED}grain = \"month\"\n"))];
    let folder = folder(&[("reports/a.toml", &a), ("reports/b.toml", &b)]);
    let (code, _, said) =
        custometer(&folder, &["run", "reports/a.toml", "reports/b.toml", "--out", "out", "--format", "json,csv", "--as-of", "2025-03-01"]);
    assert_eq!(code, 0, "{said}");
    for name in ["a", "b"] {
        let report = format!("reports/{name}.toml");
        let (_, alone, _) = custometer(&folder, &["run", &report, "--format", "json", "--as-of", "2025-03-01"]);
        assert_eq!(fs::read_to_string(folder.path().join("out").join(name).join("results.json")).unwrap(), alone);
    }
    let (code, printed, _) = custometer(&folder, &["validate", "reports/a.toml", "reports/b.toml"]);
    let line = |name: &str| format!("`reports/{name}.toml` is in order: 1 request over 1 table\n");
    assert_eq!((code, printed), (0, line("a") + &line("b")));
}

#[test]
fn the_gravest_outcome_is_the_exit_code_and_one_failure_stops_no_other_report() {
    let target = "target = { at_least = 25 }\n";
    let reports = [
        ("fine.toml", report(ALLOWED)),
        ("rejected.toml", report("")),
        ("missed.toml", report(&format!("{target}{ALLOWED}"))),
        ("repeated.toml", report(ALLOWED).replace("[[metrics]]", "deduplicate = [\"amount\"]\nkeep = \"error\"\n[[metrics]]")),
        ("wrong.toml", report("by = [[\"nothing\"]]\n")),
    ];
    let reports: Vec<(&str, String)> = reports.into_iter().map(|(name, text)| (name, text.replace("../", ""))).collect();
    let folder = folder(&reports.iter().map(|(name, text)| (*name, text.as_str())).collect::<Vec<_>>());
    fs::write(folder.path().join("orders.csv"), "time,amount\n2025-01-03,20\n2025-01-04,20\n2025-02-05,x\n").unwrap();
    let code = |names: &[&str]| custometer(&folder, &[&["run", "--fail-on-target"], names].concat()).0;
    assert_eq!(code(&["fine.toml", "rejected.toml"]), 4);
    assert_eq!(code(&["rejected.toml", "missed.toml", "fine.toml"]), 3);
    assert_eq!(code(&["missed.toml", "repeated.toml", "rejected.toml"]), 1);
    let (code, printed, said) = custometer(&folder, &["run", "repeated.toml", "fine.toml"]);
    assert_eq!(code, 1);
    assert!(printed.contains("loyalty.average_order_value"), "{printed}");
    assert!(said.contains("repeated.toml:\nerror: 1 row"), "{said}");
    // Nothing is computed where one of them is wrong.
    let (code, printed, said) = custometer(&folder, &["run", "fine.toml", "wrong.toml", "repeated.toml"]);
    assert_eq!((code, printed.as_str()), (2, ""));
    assert!(said.contains("there is no column `nothing`"), "{said}");
}

#[test]
fn what_would_be_written_over_each_other_is_refused() {
    let text = report(ALLOWED);
    let folder = folder(&[("a/report.toml", &text), ("b/report.toml", &text)]);
    let (code, _, said) = custometer(&folder, &["run", "a/report.toml", "b/report.toml", "--out", "out"]);
    assert_eq!((code, said.as_str()), (2, "error: two reports would be written to `out/report`: give one of the files another name\n"));
    let (code, _, said) = custometer(&folder, &["run", "a/report.toml", "b/report.toml", "--format", "json"]);
    assert_eq!((code, said.as_str()), (2, "error: several reports in this format need a folder: add `--out DIR`\n"));
}

#[test]
fn a_path_is_relative_to_the_file_that_it_stands_in() {
    let table = "[report]\nmax_rejected_percent = 50\n[tables.orders]\npath = \"../orders.csv\"\n";
    let own = "include = [\"../shared/tables.toml\"]\n[[metrics]]\nmetric = \"loyalty.average_order_value\"\ntable = \"orders\"\n";
    let folder = folder(&[("shared/tables.toml", table), ("teams/north/report.toml", &own.replace("../shared", "../../shared"))]);
    let (code, printed, said) = custometer(&folder, &["run", "teams/north/report.toml", "--format", "json"]);
    assert_eq!(code, 0, "{said}");
    assert!(printed.contains("\"path\": \"../../shared/../orders.csv\""), "{printed}");
}
