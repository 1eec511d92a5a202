//! Faulty reports: all their problems at once, each with its place, as a reader sees them.

use std::fs;
use std::path::Path;

use custometer_testkit::Case;

fn problems(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("it/report/faulty").join(name);
    let mut case = Case::new();
    for file in fs::read_dir(&folder).unwrap() {
        let path = file.unwrap().path();
        case = case.file(path.file_name().unwrap().to_str().unwrap(), fs::read(&path).unwrap());
    }
    let config = fs::read_to_string(folder.join("report.toml")).unwrap();
    case.load(&config).err().expect("the report has problems")
}

macro_rules! faulty {
    ($($name:ident),*) => {
        $(#[test]
        fn $name() {
            insta::assert_snapshot!(problems(stringify!($name)));
        })*
    };
}

faulty!(misspelled, mistyped, misdirected);

#[test]
fn a_mistake_in_a_setting_is_shown_there() {
    let case = Case::new().file("r.csv", "score\n1\n").set("report.grain=mont").set("metrics.3.table=x").set("report.timezone=Mars/Base");
    let config = "[tables.r]\npath = \"r.csv\"\n[[metrics]]\nmetric = \"loyalty.nps\"\ntable = \"r\"\n";
    insta::assert_snapshot!(case.load(config).err().unwrap());
}

#[test]
fn a_metric_of_a_crate_that_is_not_linked_says_what_may_be_missing() {
    let case = Case::new().file("r.csv", "score\n1\n");
    let config = "[tables.r]\npath = \"r.csv\"\n[[metrics]]\nmetric = \"acme.on_time_rate\"\ntable = \"r\"\n";
    insta::assert_snapshot!(case.load(config).err().unwrap());
}

#[test]
fn thousands_of_mistakes_are_cut_short() {
    let case = Case::new().file("r.csv", "score\n1\n");
    let load = |config: &str| case.load(config).err().unwrap();
    let request = "[[metrics]]\nmetric = \"loyalty.nps\"\ntable = \"r\"\n";
    let keys = (0..20_000).map(|number| format!("key{number} = 1\n")).collect::<Vec<_>>().concat();
    let said = load(&format!("[tables.r]\npath = \"r.csv\"\n{request}{keys}"));
    assert!(said.contains("the report can't be run: 50 problems") && said.contains("what follows in this section is not read"), "{said}");
    let said = load(&format!("[tables.r]\npath = \"r.csv\"\n{}", request.replace("nps", "nsp").repeat(300)));
    assert!(said.contains("problems, of which these are the first 100"), "{said}");
}

#[test]
fn a_report_of_a_later_version_says_that_and_nothing_else() {
    let case = Case::new().file("r.csv", "score\n1\n");
    let config = |version: &str| {
        format!(
            "[report]\nversion = {version}\nshape = \"new\"\n[tables.r]\npath = \"gone.csv\"\n[news]\n[[metrics]]\nmetric = \"loyalty.nps\"\ntable = \"r\"\n"
        )
    };
    insta::assert_snapshot!(case.load(&config("2")).err().unwrap());
    // What is no version at all is one mistake among others.
    for (version, said) in
        [("0", "there is no version 0: write `version = 1`, or leave it out"), ("\"2\"", "expected a whole number"), ("-1", "version = -1")]
    {
        let said_of = case.load(&config(version)).err().unwrap();
        assert!(said_of.contains(said) && said_of.contains("unknown section `news`"), "{said_of}");
    }
}

#[test]
fn a_report_may_say_the_version_that_it_has_anyway() {
    let load = |report: &str| {
        let config = format!("{report}\n[tables.r]\npath = \"r.csv\"\n[[metrics]]\nmetric = \"loyalty.nps\"\ntable = \"r\"\n");
        Case::new().file("r.csv", "score\n1\n").run(&config).unwrap().results
    };
    assert_eq!(load("[report]\nversion = 1"), load(""));
    let later = Case::new().file("r.csv", "score\n1\n").set("report.version=7");
    let said = later.load("[tables.r]\npath = \"r.csv\"\n[[metrics]]\nmetric = \"loyalty.nps\"\ntable = \"r\"\n").err().unwrap();
    assert!(said.contains("written in version 7") && said.contains("--set"), "{said}");
}
