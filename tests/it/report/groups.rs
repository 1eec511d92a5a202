//! Groups beside each other: differences at one time.

use custometer_testkit::{Case, assert_close, results};
use serde_json::{Value, json};

/// The rows of a request, by the value of a dimension.
fn row<'a>(json: &'a Value, dimension: &str, value: &str) -> &'a Value {
    results(json).iter().find(|row| row["dimensions"][dimension] == value).unwrap()
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is not a number"))
}

/// Answers of groups: so many of each score.
fn answers(groups: &[(&str, &[(u8, usize)])]) -> String {
    let rows = groups.iter().flat_map(|(group, scores)| {
        scores.iter().flat_map(move |(score, times)| std::iter::repeat_n(format!("2025-01-02,{score},{group},x\n"), *times))
    });
    format!("time,score,variant,region\n{}", rows.collect::<String>())
}

fn report(metric: &str, table: &str, rest: &str) -> String {
    format!(
        "[report]\ntimezone = \"UTC\"\n[tables.{table}]\npath = \"t.csv\"\n[[metrics]]\nmetric = \"{metric}\"\ntable = \"{table}\"\n{rest}\n"
    )
}

const VARIANTS: &str = "by = [[], [\"variant\"]]\ncompare_groups = { by = \"variant\", with = \"A\" }";

#[test]
fn scores_are_compared_by_the_test_that_times_have() {
    let text = answers(&[("A", &[(10, 50), (8, 30), (3, 20)]), ("B", &[(10, 70), (8, 20), (3, 10)])]);
    let json = Case::new().file("t.csv", text).json(&report("loyalty.nps", "answers", VARIANTS)).unwrap();
    let beside = &row(&json, "variant", "B")["group_comparison"];
    assert_eq!(
        (&beside["by"], &beside["with"], &beside["value"], &beside["difference"]),
        (&json!("variant"), &json!("A"), &json!(30), &json!(30))
    );
    // In Python: 0.3 / √((0.61 + 0.44) / 100), where the variance of a score is p + d − (p − d)²; twice the upper tail of 2.9277.
    assert_close(number(&beside["p_value"]), 0.003_414_791_178_124_18);
    assert_eq!((&beside["significant"], &beside["better"]), (&json!(true), &json!(true)));
    assert!(number(&beside["low"]) > 0.0 && number(&beside["high"]) < 60.0);
    // The group itself, and the total, are compared with nothing.
    assert_eq!(row(&json, "variant", "A")["group_comparison"], Value::Null);
    assert_eq!(results(&json)[0]["group_comparison"], Value::Null);
}

#[test]
fn survival_is_compared_by_the_log_rank_test() {
    // E. J. Freireich et al., Blood 21 (1963): weeks of remission with 6-mercaptopurine and without. p by lifelines 0.30.3; R's `survdiff` has
    // χ² = 16.8.
    let ended = [6, 6, 6, 7, 10, 13, 16, 22, 23].map(|week| format!("{week},true,6-MP\n"));
    let censored = [6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35].map(|week| format!("{week},false,6-MP\n"));
    let without = [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23].map(|week| format!("{week},true,placebo\n"));
    let text = format!("duration,has_ended,arm\n{}{}{}", ended.concat(), censored.concat(), without.concat());
    let rest = "params = { basis = \"durations\", statistic = \"median\" }\nby = [[\"arm\"]]\ncompare_groups = { by = \"arm\", with = \"placebo\" }";
    let json = Case::new().file("t.csv", text).json(&report("loyalty.survival", "customers", rest)).unwrap();
    let treated = row(&json, "arm", "6-MP");
    let beside = &treated["group_comparison"];
    assert_eq!((&treated["value"], &beside["value"], &beside["difference"]), (&json!(23), &json!(8), &json!(15)));
    assert_close(number(&beside["p_value"]), 4.168_809_109_334_511e-5);
}

#[test]
fn groups_are_compared_within_the_other_dimensions_and_at_the_same_time() {
    let rows = [
        ("2025-01-02", "A", "N", 10),
        ("2025-01-03", "B", "N", 3),
        ("2025-02-02", "B", "N", 9),
        ("2025-01-05", "B", "S", 10),
        ("2025-01-06", "A", "S", 10),
    ];
    let text: String = rows.map(|(day, variant, region, score)| format!("{day},{score},{variant},{region}\n")).concat();
    let rest = "grain = \"month\"\nby = [[\"region\", \"variant\"]]\ncompare_groups = { by = \"variant\", with = \"A\" }";
    let json =
        Case::new().file("t.csv", format!("time,score,variant,region\n{text}")).json(&report("loyalty.nps", "answers", rest)).unwrap();
    let found: Vec<Value> = results(&json)
        .iter()
        .filter(|row| row["dimensions"]["variant"] == "B")
        .map(|row| json!([row["dimensions"]["region"], row["group_comparison"]["value"], row["group_comparison"]["difference"]]))
        .collect();
    // In February nobody of A answered: there is nothing to compare with.
    assert_eq!(found, [json!(["N", 100, -200]), json!(["S", 100, 0]), json!(["N", null, null]), json!(["S", null, null])]);
}

#[test]
fn entities_in_several_groups_are_counted() {
    let text = "user_id,time,event,variant
a,2025-01-02T10:00:00Z,page_view,A
a,2025-01-03T10:10:00Z,page_view,B
b,2025-01-02T10:20:00Z,page_view,A
c,2025-01-02T10:20:00Z,page_view,B
d,2025-01-02T10:20:00Z,page_view,B
d,2025-01-02T10:25:00Z,page_view,
";
    let json = Case::new().file("t.csv", text).json(&report("web.sessions", "events", VARIANTS)).unwrap();
    let note = row(&json, "variant", "B")["note"].as_str().unwrap();
    assert!(note.contains("2 of `user_id` are in several groups of `variant`"), "{note}");
}

#[test]
fn a_group_that_is_not_there_is_said() {
    let text = answers(&[("control", &[(10, 5)]), ("B", &[(10, 7)])]);
    let rest = VARIANTS.replace("\"A\"", "\"Control\"");
    let json = Case::new().file("t.csv", text).json(&report("loyalty.nps", "answers", &rest)).unwrap();
    let note = row(&json, "variant", "B")["note"].as_str().unwrap();
    assert!(note.contains("no group of `variant` is `Control`") && note.contains("did you mean `control`?"), "{note}");
    let wrong = VARIANTS.replace("[\"variant\"]", "[\"region\"]");
    let wrong = Case::new().file("t.csv", answers(&[("A", &[(1, 1)])])).json(&report("loyalty.nps", "answers", &wrong)).unwrap_err();
    assert!(wrong.contains("no breakdown of `loyalty.nps` is by `variant`"), "{wrong}");
}

#[test]
fn what_is_hidden_is_told_by_no_difference() {
    let text = answers(&[("A", &[(10, 3)]), ("B", &[(10, 20)]), ("C", &[(10, 20)]), ("D", &[(1, 4)])]);
    let report = report("loyalty.nps", "answers", "by = [[\"variant\"]]\ncompare_groups = { by = \"variant\", with = \"A\" }");
    let json = Case::new().file("t.csv", text).json(&report.replace("[report]", "[report]\nmin_group_size = 5")).unwrap();
    assert!(row(&json, "variant", "A")["suppressed"] == true && row(&json, "variant", "B")["suppressed"] == false);
    assert!(results(&json).iter().all(|row| row["group_comparison"] == Value::Null), "{json}");
}
