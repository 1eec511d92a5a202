//! Answers that are not on the scale from 0 to 10.

use custometer_testkit::Case;

const METRICS: [&str; 2] = ["loyalty.nps", "loyalty.nps_distribution"];

fn case(answers: impl IntoIterator<Item = u32>) -> Case {
    let lines: Vec<String> = answers.into_iter().map(|answer| answer.to_string()).collect();
    Case::new().file("answers.csv", format!("score\n{}\n", lines.join("\n")))
}

fn report(metric: &str, params: &str) -> String {
    format!("[tables.answers]\npath = \"answers.csv\"\n[[metrics]]\nmetric = \"{metric}\"\ntable = \"answers\"\n{params}\n")
}

#[test]
fn another_scale_is_refused_with_what_to_write() {
    for metric in METRICS {
        for (scale, said) in [("[1, 5]", "1 to 5"), ("[0, 100]", "0 to 100"), ("[1, 10]", "1 to 10"), ("[1, 7]", "1 to 7")] {
            let problems = case(0..=10).run(&report(metric, &format!("params = {{ scale = {scale} }}"))).unwrap_err();
            let unwrapped = problems.split_whitespace().filter(|word| *word != "│").collect::<Vec<_>>().join(" ");
            assert!(unwrapped.contains(&format!("a scale from 0 to 10, and not from {said}")), "{unwrapped}");
            assert!(unwrapped.contains(&format!("`support.csat` with `scale = {scale}`")), "{unwrapped}");
        }
        let asked = case(0..=10).run(&report(metric, "params = { scale = [0, 10] }")).unwrap();
        assert_eq!(asked.results[0].n, Some(11.0));
    }
}

#[test]
fn many_answers_none_of_which_is_high_are_doubted() {
    let doubted = |answers: Vec<u32>, metric: &str| {
        let result = case(answers).run(&report(metric, "")).unwrap();
        result.results[0].note.as_deref().is_some_and(|note| note.contains("none of the answers is above 7"))
    };
    for metric in METRICS {
        let of_five: Vec<u32> = (0..20).map(|row| 1 + row % 5).collect();
        assert!(doubted(of_five.clone(), metric), "{metric}");
        // Few may be like that by chance, and a high one says that the scale goes on.
        assert!(!doubted(of_five[1..].to_vec(), metric), "{metric}");
        assert!(!doubted([of_five, vec![8]].concat(), metric), "{metric}");
    }
}
