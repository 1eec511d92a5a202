//! `new metrics`: a crate of metrics that builds and passes as it stands.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::failure::Failure;

/// The files of the crate, with `{{…}}` where names go.
const FILES: [(&str, &str); 9] = [
    ("Cargo.toml", include_str!("new/metrics/Cargo.toml.in")),
    (".gitignore", include_str!("new/metrics/gitignore")),
    ("README.md", include_str!("new/metrics/README.md")),
    ("src/lib.rs", include_str!("new/metrics/src/lib.rs")),
    ("src/main.rs", include_str!("new/metrics/src/main.rs")),
    ("src/big_order_share.rs", include_str!("new/metrics/src/big_order_share.rs")),
    ("tests/every_metric.rs", include_str!("new/metrics/tests/every_metric.rs")),
    ("report.toml", include_str!("new/metrics/report.toml")),
    ("orders.csv", include_str!("new/metrics/orders.csv")),
];

/// What makes a wheel of it.
const PYTHON: [(&str, &str); 6] = [
    ("python/Cargo.toml", include_str!("new/python/Cargo.toml.in")),
    ("python/pyproject.toml", include_str!("new/python/pyproject.toml")),
    ("python/src/lib.rs", include_str!("new/python/src/lib.rs")),
    ("python/{{library}}/__init__.py", include_str!("new/python/package/__init__.py")),
    ("python/{{library}}/_engine.pyi", include_str!("new/python/package/_engine.pyi")),
    ("python/{{library}}/py.typed", ""),
];

/// How the workspace knows of the wheel's crate.
const MEMBERS: &str = "members = [\"python\"]\n";

/// The crates that a metric crate names.
const OURS: [&str; 3] = ["custometer", "custometer-core", "custometer-testkit"];
/// The one that a wheel names beside them.
const OUR_PYTHON: &str = "custometer-python";

/// Words that no crate can be called: Rust's, and those of crates that every program has.
const TAKEN: &[&str] = &[
    "abstract",
    "alloc",
    "as",
    "async",
    "await",
    "become",
    "box",
    "break",
    "const",
    "continue",
    "core",
    "crate",
    "do",
    "dyn",
    "else",
    "enum",
    "extern",
    "false",
    "final",
    "fn",
    "for",
    "gen",
    "if",
    "impl",
    "in",
    "let",
    "loop",
    "macro",
    "match",
    "mod",
    "move",
    "mut",
    "override",
    "priv",
    "proc-macro",
    "pub",
    "ref",
    "return",
    "schemars",
    "self",
    "serde",
    "static",
    "std",
    "struct",
    "super",
    "test",
    "trait",
    "true",
    "try",
    "type",
    "typeof",
    "unsafe",
    "unsized",
    "use",
    "virtual",
    "where",
    "while",
    "yield",
];

/// Words that no module of Python can be called, beside those that no crate can.
const PYTHON_WORDS: &[&str] = &[
    "and", "assert", "class", "def", "del", "elif", "except", "finally", "from", "global", "import", "is", "lambda", "nonlocal", "not",
    "or", "pass", "raise", "with",
];

/// Why there is no new crate.
#[derive(Debug, thiserror::Error)]
enum NewError {
    #[error("a crate can't be called `{name}`: {why}; try `{instead}`")]
    Name { name: String, why: String, instead: String },
    #[error("`{0}` is there already: take another name, or go to another folder")]
    Exists(String),
    #[error("`{0}` is not a checkout of custometer: there is no `crates/custometer/Cargo.toml` in it")]
    NoCheckout(String),
}

/// Writes a crate of metrics to a folder of its name, whole or not at all.
pub(super) fn metrics(name: &str, checkout: Option<&Path>, with_python: bool) -> Result<(), Failure> {
    check_name(name).map_err(Failure::usage)?;
    if with_python && PYTHON_WORDS.contains(&name) {
        return Err(Failure::usage(NewError::Name {
            name: name.to_owned(),
            why: "the word is taken by Python".to_owned(),
            instead: format!("{name}-metrics"),
        }));
    }
    // Also what only looks as if it were not there, such as a link to nowhere.
    if fs::symlink_metadata(name).is_ok() {
        return Err(Failure::usage(NewError::Exists(name.to_owned())));
    }
    if let Some(folder) = checkout.filter(|folder| !folder.join("crates/custometer/Cargo.toml").is_file()) {
        return Err(Failure::usage(NewError::NoCheckout(folder.display().to_string())));
    }
    let beside = TempDir::new_in(".").map_err(Failure::run)?;
    let whole = beside.path().join(name);
    for (path, template) in FILES.iter().chain(PYTHON.iter().filter(|_| with_python)) {
        let path = whole.join(filled(path, name));
        fs::create_dir_all(path.parent().unwrap_or(&whole)).map_err(Failure::run)?;
        fs::write(path, filled(template, name)).map_err(Failure::run)?;
    }
    if with_python {
        let mut manifest = fs::OpenOptions::new().append(true).open(whole.join("Cargo.toml")).map_err(Failure::run)?;
        manifest.write_all(MEMBERS.as_bytes()).map_err(Failure::run)?;
    }
    if let Some(checkout) = checkout {
        let crates = OURS.iter().chain([&OUR_PYTHON].into_iter().filter(|_| with_python));
        build_against(checkout, &whole, crates).map_err(Failure::run)?;
    }
    fs::rename(&whole, name).map_err(Failure::run)
}

fn check_name(name: &str) -> Result<(), NewError> {
    let allowed: String = name.to_lowercase().chars().map(|letter| if is_allowed(letter) { letter } else { '-' }).collect();
    let instead = allowed.trim_matches(['-', '_']);
    let why = if let Some(letter) = name.chars().find(|letter| !is_allowed(*letter)) {
        format!("`{letter}` is neither a small letter from a to z, nor a digit, `-` or `_`")
    } else if !name.starts_with(|first: char| first.is_ascii_lowercase()) {
        "it does not begin with a letter".to_owned()
    } else if name.len() > 64 {
        "it has more than 64 characters".to_owned()
    } else if TAKEN.contains(&name.replace('_', "-").as_str()) {
        "the word is taken, by Rust or by a crate that metrics use".to_owned()
    } else if name == "custometer" || name.starts_with("custometer-") {
        "the name is one of custometer's own".to_owned()
    } else {
        return Ok(());
    };
    let is_good = name.is_ascii() && instead != name && !instead.is_empty() && check_name(instead).is_ok();
    Err(NewError::Name { name: name.to_owned(), why, instead: if is_good { instead } else { "acme-metrics" }.to_owned() })
}

fn is_allowed(letter: char) -> bool {
    letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-' || letter == '_'
}

/// A file of the crate, with its names.
fn filled(template: &str, name: &str) -> String {
    let library = name.replace('-', "_");
    let domain = library.strip_suffix("_metrics").unwrap_or(&library);
    [
        ("{{name}}", name),
        ("{{library}}", &library),
        ("{{domain}}", domain),
        ("{{version}}", env!("CARGO_PKG_VERSION")),
        ("{{rust_version}}", env!("CARGO_PKG_RUST_VERSION")),
    ]
    .iter()
    .fold(template.to_owned(), |text, (place, value)| text.replace(place, value))
}

/// Makes a crate build against a checkout, with the versions of everything else that the checkout is tested with.
fn build_against<'a>(checkout: &Path, folder: &Path, crates: impl Iterator<Item = &'a &'a str>) -> std::io::Result<()> {
    // The crate's folder is one below this one.
    let from_crate = if checkout.is_absolute() { checkout.to_path_buf() } else { PathBuf::from("..").join(checkout) };
    let manifest = fs::read_to_string(folder.join("Cargo.toml"))?;
    let crates = crates.map(|krate| {
        let path = from_crate.join("crates").join(krate).display().to_string();
        format!("{krate} = {{ path = {} }}\n", toml::Value::from(path))
    });
    let patch = format!("\n# A checkout in place of what is published.\n[patch.crates-io]\n{}", crates.collect::<String>());
    fs::write(folder.join("Cargo.toml"), manifest + &patch)?;
    match checkout.join("Cargo.lock") {
        lock if lock.is_file() => fs::copy(lock, folder.join("Cargo.lock")).map(drop),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_cargo_takes_are_taken() {
        for name in ["acme-metrics", "acme_metrics", "a", "north2south"] {
            assert_eq!(check_name(name).map_err(|error| error.to_string()), Ok(()), "{name}");
        }
    }

    #[test]
    fn names_that_no_crate_can_have_say_why_and_what_instead() {
        let errors = ["", "Acme Metrics", "3m", "-x", "../acme", "kø", "match", "proc_macro", "custometer-acme"];
        let errors = errors.map(|name| check_name(name).unwrap_err().to_string());
        assert_eq!(
            errors,
            [
                "a crate can't be called ``: it does not begin with a letter; try `acme-metrics`",
                "a crate can't be called `Acme Metrics`: `A` is neither a small letter from a to z, nor a digit, `-` or `_`; try `acme-metrics`",
                "a crate can't be called `3m`: it does not begin with a letter; try `acme-metrics`",
                "a crate can't be called `-x`: it does not begin with a letter; try `x`",
                "a crate can't be called `../acme`: `.` is neither a small letter from a to z, nor a digit, `-` or `_`; try `acme`",
                "a crate can't be called `kø`: `ø` is neither a small letter from a to z, nor a digit, `-` or `_`; try `acme-metrics`",
                "a crate can't be called `match`: the word is taken, by Rust or by a crate that metrics use; try `acme-metrics`",
                "a crate can't be called `proc_macro`: the word is taken, by Rust or by a crate that metrics use; try `acme-metrics`",
                "a crate can't be called `custometer-acme`: the name is one of custometer's own; try `acme-metrics`",
            ]
        );
    }

    #[test]
    fn nothing_is_left_to_fill_in() {
        for (path, template) in FILES.into_iter().chain(PYTHON) {
            assert!(!filled(template, "acme-metrics").contains("{{"), "{path}");
        }
        assert!(filled("{{domain}} {{library}}", "acme-shop-metrics").eq("acme_shop acme_shop_metrics"));
        assert_eq!(filled("{{domain}}", "metrics"), "metrics");
    }
}
