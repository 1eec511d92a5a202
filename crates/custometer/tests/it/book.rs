//! The book and the README do what they say, and all their links lead somewhere.
//!
//! The blocks of a page are run in a folder of their own, one after the other. A block with `file=NAME` is written to that file, and one with
//! `add=NAME` is added to its end. A block of `sh` is run, and a block of `text` right after it is what it prints, where a line of `…` stands
//! for any lines.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// Where this test is built, and so is the crate of a tutorial.
fn target() -> &'static Path {
    Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap()
}

/// A fenced block of a page.
struct Block {
    language: String,
    /// The file that it is written to, or added to.
    file: Option<String>,
    is_added: bool,
    text: String,
    line: usize,
    /// Whether nothing but blank lines is between it and the block before.
    follows: bool,
}

fn blocks(page: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut follows = false;
    let mut lines = page.lines().zip(1..);
    while let Some((line, number)) = lines.next() {
        let Some(info) = line.strip_prefix("```") else {
            follows &= line.is_empty();
            continue;
        };
        let text: Vec<&str> = lines.by_ref().map(|(line, _)| line).take_while(|line| *line != "```").collect();
        let (language, options) = info.split_once(',').unwrap_or((info, ""));
        let (option, name) = options.split_once('=').unwrap_or_default();
        let file = ["file", "add"].contains(&option).then(|| name.to_owned());
        let is_added = option == "add";
        blocks.push(Block { language: language.to_owned(), file, is_added, text: text.join("\n") + "\n", line: number, follows });
        follows = true;
    }
    blocks
}

/// Whether the lines printed are those expected, where `…` stands for any lines.
fn matches(expected: &[&str], printed: &[&str]) -> bool {
    match expected {
        [] => printed.is_empty(),
        ["…", rest @ ..] => (0..=printed.len()).any(|skipped| matches(rest, &printed[skipped..])),
        [line, rest @ ..] => printed.first().is_some_and(|first| first.trim_end() == *line) && matches(rest, &printed[1..]),
    }
}

/// Copies the files of a folder.
fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for file in fs::read_dir(from).unwrap().map(|entry| entry.unwrap().path()) {
        fs::copy(&file, to.join(file.file_name().unwrap())).unwrap();
    }
}

/// Runs every block of a page.
fn run(name: &str) {
    let page = fs::read_to_string(root().join(name)).unwrap();
    // Always the same folder, so that a crate that is built in it is not built beside those of earlier runs.
    let scratch = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name.replace('/', "-"));
    let mut folder = scratch.join("work");
    fs::remove_dir_all(&scratch).ok();
    fs::create_dir_all(&folder).unwrap();
    if name == "README.md" {
        for part in ["config", "datasets"] {
            copy(&root().join(part), &folder.join(part));
        }
    }
    // Where the last command has left the shell.
    let place = scratch.join("place");
    let program = Path::new(env!("CARGO_BIN_EXE_custometer"));
    let path = format!("{}:{}", program.parent().unwrap().display(), std::env::var("PATH").unwrap());
    let mut printed = None;
    for block in blocks(&page) {
        let at = format!("{name}, line {}", block.line);
        match (block.language.as_str(), &block.file) {
            (_, Some(file)) => {
                let file = folder.join(file);
                fs::create_dir_all(file.parent().unwrap()).unwrap();
                let file = File::options().create(true).write(true).append(block.is_added).truncate(!block.is_added).open(file);
                file.unwrap().write_all(block.text.as_bytes()).unwrap();
            }
            ("sh", None) => {
                let mut commands = block.text.replace("../custometer", &root().display().to_string());
                if name == "README.md" {
                    // The program of the checkout is the one that this test is built with.
                    commands = commands.replace("cargo run -- ", "custometer ");
                }
                let script = format!("exec 2>&1\n{commands}pwd > {}\n", place.display());
                let mut shell = Command::new("sh");
                shell.args(["-euc", &script]).current_dir(&folder).env("PATH", &path);
                // What cargo tells its tests would make it build anew what it has built.
                let told = std::env::vars_os().map(|(name, _)| name.into_string().unwrap());
                let told =
                    told.filter(|name| name.starts_with("CARGO_PKG") || name.starts_with("CARGO_MANIFEST") || name == "LD_LIBRARY_PATH");
                told.for_each(|name| _ = shell.env_remove(name));
                shell.env("CARGO_TARGET_DIR", target()).env("CARGO_NET_OFFLINE", "true");
                let output = shell.output().unwrap();
                let text = String::from_utf8(output.stdout).unwrap();
                // The space between thousands is one that nobody types.
                let text: String = text.chars().map(|letter| if letter.is_whitespace() && letter != '\n' { ' ' } else { letter }).collect();
                assert!(output.status.success(), "{at}: {}\n{text}", output.status);
                folder = fs::read_to_string(&place).unwrap().trim_end().into();
                printed = Some(text);
            }
            ("text", None) if block.follows => {
                let Some(printed) = printed.take() else { continue };
                let [expected, found] = [&block.text, &printed].map(|text| text.lines().collect::<Vec<_>>());
                assert!(matches(&expected, &found), "{at}: expected\n{}\nand got\n{printed}", block.text);
            }
            _ => {}
        }
    }
}

/// A test for each page with commands.
macro_rules! pages {
    ($($(#[$ignored:meta])? $test:ident: $page:literal,)*) => {
        $(
            #[test]
            $(#[$ignored])?
            fn $test() {
                run($page);
            }
        )*

        const PAGES: &[&str] = &[$($page),*];
    };
}

pages! {
    the_readme_does_what_it_says: "README.md",
    the_tutorial_of_exports_does_what_it_says: "docs/src/tutorials/analyst.md",
    the_tutorial_of_a_nightly_job_does_what_it_says: "docs/src/tutorials/nightly.md",
    #[ignore = "builds a crate: `just ready` runs it"]
    the_tutorial_of_a_data_team_does_what_it_says: "docs/src/tutorials/data_team.md",
    the_guide_to_lines_does_what_it_says: "docs/src/guides/compute.md",
    the_guide_to_packs_does_what_it_says: "docs/src/guides/packs.md",
    the_guide_to_requests_does_what_it_says: "docs/src/guides/requests.md",
    the_guide_to_exports_does_what_it_says: "docs/src/guides/exports.md",
    the_cookbook_does_what_it_says: "docs/src/guides/cookbook.md",
    the_guide_to_lookups_does_what_it_says: "docs/src/guides/lookups.md",
    the_guide_to_shapes_does_what_it_says: "docs/src/guides/shapes.md",
    the_guide_to_rows_does_what_it_says: "docs/src/guides/rows.md",
    the_guide_to_time_does_what_it_says: "docs/src/guides/time.md",
    the_guide_to_money_does_what_it_says: "docs/src/guides/money.md",
    the_guide_to_targets_and_alerts_does_what_it_says: "docs/src/guides/targets_and_alerts.md",
    the_guide_to_history_does_what_it_says: "docs/src/guides/history.md",
    the_guide_to_privacy_does_what_it_says: "docs/src/guides/privacy.md",
    the_guide_to_business_hours_does_what_it_says: "docs/src/guides/business_hours.md",
    the_guide_to_web_events_does_what_it_says: "docs/src/guides/web_events.md",
    the_guide_to_own_metrics_does_what_it_says: "docs/src/guides/own_metrics.md",
    the_guide_to_outputs_does_what_it_says: "docs/src/guides/outputs.md",
    the_guide_to_jobs_does_what_it_says: "docs/src/guides/jobs.md",
    the_guide_to_json_does_what_it_says: "docs/src/guides/json.md",
    the_guide_to_many_reports_does_what_it_says: "docs/src/guides/many_reports.md",
    the_guide_to_memory_does_what_it_says: "docs/src/guides/memory.md",
    the_guide_to_the_command_line_does_what_it_says: "docs/src/guides/command_line.md",
    the_guide_to_editors_does_what_it_says: "docs/src/guides/editors.md",
    the_guide_to_troubles_does_what_it_says: "docs/src/guides/troubleshooting.md",
    the_question_of_who_leaves_is_answered: "docs/src/questions/leaving.md",
    the_question_of_a_fallen_score_is_answered: "docs/src/questions/score_fell.md",
    the_question_of_promises_is_answered: "docs/src/questions/promises.md",
    the_question_of_channels_is_answered: "docs/src/questions/channels.md",
    the_question_of_the_funnel_is_answered: "docs/src/questions/funnel.md",
    what_one_can_rely_on_is_so: "docs/src/guides/trust.md",
}

#[test]
fn what_is_printed_is_compared() {
    let lines = ["one", "two", "three"];
    assert!(matches(&["one", "…", "three"], &lines) && matches(&["…", "one", "two", "three", "…"], &lines));
    assert!(!matches(&["one", "three"], &lines) && !matches(&["…", "two"], &lines) && !matches(&[], &lines));
    let page = "```sh\nls\n```\n\n```text\na\n```\n\nWords.\n\n```text\nb\n```\n```toml,file=a/b.toml\nx = 1\n```\n";
    let found: Vec<(String, bool, Option<String>)> =
        blocks(page).into_iter().map(|block| (block.language, block.follows, block.file)).collect();
    let file = Some("a/b.toml".to_owned());
    assert_eq!(found, [("sh".into(), false, None), ("text".into(), true, None), ("text".into(), false, None), ("toml".into(), true, file)]);
}

#[test]
fn every_page_is_run_and_every_report_on_it_is_a_file() {
    for folder in ["tutorials", "questions", "guides"] {
        for entry in fs::read_dir(root().join("docs/src").join(folder)).unwrap() {
            let page = format!("docs/src/{folder}/{}", entry.unwrap().file_name().into_string().unwrap());
            // What stands there is run with the wheel, by the tests of its crate.
            let is_python = page == "docs/src/guides/python.md";
            assert!(is_python || PAGES.contains(&page.as_str()), "{page} has no test: name it in `pages!`");
        }
    }
    for page in PAGES {
        for block in blocks(&fs::read_to_string(root().join(page)).unwrap()) {
            let at = format!("{page}, line {}", block.line);
            // A command that is shown as a transcript would not be run, and a report that is not a file would not be tried.
            let is_shown_only = block.language == "console" && *page == "README.md";
            assert!(
                is_shown_only || ["sh", "text", "toml", "rust", "ini", "python", "sql", "yaml"].contains(&block.language.as_str()),
                "{at}: `{}`",
                block.language
            );
            assert!(block.language != "toml" || block.file.is_some(), "{at}: say `toml,file=NAME` or `toml,add=NAME`");
        }
    }
}

/// The targets of a page's links, outside of blocks and code.
fn links(page: &str) -> Vec<String> {
    let is_text = |(number, _): &(usize, &str)| number % 2 == 0;
    let without_blocks: Vec<&str> = page.split("```").enumerate().filter(is_text).map(|(_, part)| part).collect();
    let text = without_blocks.concat().replace("[`", "[").replace("`](", "](");
    let text: Vec<&str> = text.split('`').enumerate().filter(is_text).map(|(_, part)| part).collect();
    text.concat().split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(target, _)| target.to_owned()).collect()
}

/// The name that a heading has in links.
fn anchor(heading: &str) -> String {
    let kept = heading.to_lowercase().replace(' ', "-");
    kept.chars().filter(|letter| letter.is_alphanumeric() || *letter == '-' || *letter == '_').collect()
}

#[test]
fn every_link_leads_somewhere_and_every_page_is_listed() {
    let book = root().join("docs/src");
    let in_folder = |folder: &Path| -> Vec<PathBuf> {
        let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        files.filter(|path| path.extension().is_some_and(|extension| extension == "md")).collect()
    };
    let pages: Vec<PathBuf> =
        ["", "tutorials", "questions", "guides", "reference"].iter().flat_map(|folder| in_folder(&book.join(folder))).collect();
    let others = [root(), root().join("examples/acme-metrics"), root().join("benchmarks")];
    let mut dead = Vec::new();
    for path in pages.iter().cloned().chain(others.iter().flat_map(|folder| in_folder(folder))) {
        for link in links(&fs::read_to_string(&path).unwrap()) {
            if link.starts_with("https://") {
                continue;
            }
            let (file, heading) = link.split_once('#').unwrap_or((&link, ""));
            let target = if file.is_empty() { path.clone() } else { path.parent().unwrap().join(file) };
            let has_heading = || {
                let text = fs::read_to_string(&target).unwrap();
                text.lines().any(|line| line.starts_with('#') && anchor(line.trim_start_matches('#').trim()) == heading)
            };
            if !target.is_file() || !heading.is_empty() && !has_heading() {
                dead.push(format!("{}: {link}", path.display()));
            }
        }
    }
    assert_eq!(dead, Vec::<String>::new());
    let summary = links(&fs::read_to_string(book.join("SUMMARY.md")).unwrap());
    let listed: BTreeSet<PathBuf> = summary.iter().map(|link| book.join(link)).collect();
    assert_eq!(listed.len(), summary.len(), "a page is listed twice");
    let there: BTreeSet<PathBuf> = pages.into_iter().filter(|page| !page.ends_with("SUMMARY.md")).collect();
    assert_eq!(listed, there.iter().map(|page| book.join(page.strip_prefix(&book).unwrap())).collect());
}

#[test]
fn the_reference_tells_which_parameter_makes_a_difference() {
    // By the metrics' code: the statistic alone decides the unit, and the source of sessions which column tells them apart.
    let page = fs::read_to_string(root().join("docs/src/reference/web.funnel.md")).unwrap();
    let unit = "- **Unit**: percent; count with `statistic = \"reached\"`; seconds with `statistic = \"median_time\"`";
    let input = "With `per = \"session\", sessions = { from = \"session_id\" }`, it reads in place of `user_id`:";
    assert!(page.lines().any(|line| line == unit) && page.lines().any(|line| line == input), "{page}");
}

#[test]
fn the_reference_is_what_the_metrics_say() {
    let scratch = TempDir::new().unwrap();
    let book = root().join("docs/src");
    fs::copy(book.join("SUMMARY.md"), scratch.path().join("SUMMARY.md")).unwrap();
    let arguments = ["docs", "--out", "reference", "--summary", "SUMMARY.md"];
    let made = Command::new(env!("CARGO_BIN_EXE_custometer")).args(arguments).current_dir(scratch.path()).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let files = |folder: &Path| -> BTreeSet<_> { fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name()).collect() };
    let names = files(&scratch.path().join("reference"));
    assert_eq!(names, files(&book.join("reference")), "`just generate` makes the reference anew");
    for name in names.iter().map(|name| Path::new("reference").join(name)).chain([PathBuf::from("SUMMARY.md")]) {
        let [made, committed] = [scratch.path(), &book].map(|folder| fs::read_to_string(folder.join(&name)).unwrap());
        assert!(made == committed, "docs/src/{} is not what the metrics say: `just generate` makes it anew", name.display());
    }
}
