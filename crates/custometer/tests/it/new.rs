//! What `custometer new metrics` writes, and refuses to.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

use super::{stderr, stdout};

fn new_metrics(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_custometer"));
    command.args(["new", "metrics"]).args(arguments).current_dir(folder).output().unwrap()
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_crate_is_written_whole() {
    let folder = TempDir::new().unwrap();
    assert_eq!(stdout(&new_metrics(folder.path(), &["north-sea_metrics"])), "");
    assert_eq!(names(folder.path()), ["north-sea_metrics"]);
    let krate = folder.path().join("north-sea_metrics");
    assert_eq!(names(&krate), [".gitignore", "Cargo.toml", "README.md", "orders.csv", "report.toml", "src", "tests"]);
    let manifest = fs::read_to_string(krate.join("Cargo.toml")).unwrap();
    assert!(manifest.contains(&format!("custometer = \"{}\"\n", env!("CARGO_PKG_VERSION"))), "{manifest}");
    assert!(!manifest.contains("[patch"), "{manifest}");
    assert!(fs::read_to_string(krate.join("src/main.rs")).unwrap().contains("use north_sea_metrics as _;"));
    assert!(fs::read_to_string(krate.join("report.toml")).unwrap().contains("\"north_sea.big_order_share\""));
}

#[test]
fn a_crate_can_take_custometer_from_a_checkout() {
    let folder = TempDir::new().unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap();
    stdout(&new_metrics(folder.path(), &["acme-metrics", "--path", root.to_str().unwrap()]));
    let krate = folder.path().join("acme-metrics");
    let manifest = fs::read_to_string(krate.join("Cargo.toml")).unwrap();
    let testkit = root.join("crates/custometer-testkit");
    assert!(manifest.contains(&format!("custometer-testkit = {{ path = \"{}\" }}", testkit.display())), "{manifest}");
    // The same versions of everything else.
    assert_eq!(fs::read(krate.join("Cargo.lock")).unwrap(), fs::read(root.join("Cargo.lock")).unwrap());

    // A path that is relative to the folder we are in is one step further from the crate's.
    let checkout = folder.path().join("checkout");
    fs::create_dir_all(checkout.join("crates/custometer")).unwrap();
    fs::write(checkout.join("crates/custometer/Cargo.toml"), "").unwrap();
    stdout(&new_metrics(folder.path(), &["other-metrics", "--path", "checkout"]));
    let manifest = fs::read_to_string(folder.path().join("other-metrics/Cargo.toml")).unwrap();
    assert!(manifest.contains("custometer = { path = \"../checkout/crates/custometer\" }"), "{manifest}");
}

#[test]
fn a_crate_can_have_a_wheel() {
    let folder = TempDir::new().unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap();
    stdout(&new_metrics(folder.path(), &["north-sea-metrics", "--python", "--path", root.to_str().unwrap()]));
    let krate = folder.path().join("north-sea-metrics");
    assert_eq!(names(&krate.join("python")), ["Cargo.toml", "north_sea_metrics", "pyproject.toml", "src"]);
    assert_eq!(names(&krate.join("python/north_sea_metrics")), ["__init__.py", "_engine.pyi", "py.typed"]);
    let manifest = fs::read_to_string(krate.join("Cargo.toml")).unwrap();
    assert!(manifest.contains("[workspace]\nmembers = [\"python\"]\n"), "{manifest}");
    assert!(manifest.contains(&format!("custometer-python = {{ path = \"{}\" }}", root.join("crates/custometer-python").display())));
    let project = fs::read_to_string(krate.join("python/pyproject.toml")).unwrap();
    assert!(project.contains("north-sea-metrics = \"north_sea_metrics:_main\""), "{project}");
    assert!(fs::read_to_string(krate.join("python/src/lib.rs")).unwrap().contains("use north_sea_metrics as _;"));

    // What no module can be called is refused beforehand.
    let refused = new_metrics(folder.path(), &["lambda", "--python"]);
    assert!(stderr(&refused).contains("the word is taken by Python"), "{}", stderr(&refused));
    assert_eq!(names(folder.path()), ["north-sea-metrics"]);
}

#[test]
fn what_can_not_be_is_refused_and_leaves_nothing() {
    let folder = TempDir::new().unwrap();
    fs::create_dir(folder.path().join("taken")).unwrap();
    let refused: Vec<String> = [&["Acme Metrics"][..], &["fn"], &["custometer-acme"], &["taken"], &["acme", "--path", "nowhere"]]
        .iter()
        .map(|arguments| {
            let output = new_metrics(folder.path(), arguments);
            assert_eq!(output.status.code(), Some(2));
            stderr(&output)
        })
        .collect();
    insta::assert_snapshot!(refused.concat());
    assert_eq!(names(folder.path()), ["taken"]);
    assert!(names(&folder.path().join("taken")).is_empty());
}
