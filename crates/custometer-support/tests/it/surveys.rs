//! Surveys, reviews of quality, feedback and social mentions, through the whole path.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use custometer_testkit::{Case, is_close, results};
use insta::assert_snapshot;
use jiff::civil::date;
use proptest::prelude::*;
use serde_json::{Value as Json, json};

/// A report of one metric over one file.
fn config(metric: &str, report: &str, rest: &str) -> String {
    format!(
        "[report]\n{report}\n[tables.rows]\npath = \"rows.csv\"\n[[metrics]]\nmetric = \"support.{metric}\"\ntable = \"rows\"\n{rest}\n"
    )
}

fn run(metric: &str, rows: &str, report: &str, rest: &str) -> Json {
    Case::new().file("rows.csv", rows).json(&config(metric, report, rest)).unwrap()
}

fn refused(metric: &str, rest: &str) -> String {
    Case::new().file("rows.csv", "score,channel,ticket_id\n1,a,1\n").load(&config(metric, "", rest)).err().unwrap()
}

fn only(json: &Json) -> &Json {
    assert_eq!(results(json).len(), 1, "{json:#}");
    &json["results"][0]
}

/// The reasons of rejection with how many rows each has.
fn rejected(json: &Json) -> BTreeMap<&str, u64> {
    let rejections = json["rejected"].as_array().unwrap().iter();
    rejections.map(|rejection| (rejection["reason"].as_str().unwrap(), rejection["rows"].as_u64().unwrap())).collect()
}

/// The values by one dimension.
fn by<'a>(json: &'a Json, dimension: &str) -> BTreeMap<Option<&'a str>, Option<f64>> {
    results(json).iter().map(|row| (row["dimensions"][dimension].as_str(), row["value"].as_f64())).collect()
}

// Effort.

#[test]
fn the_direction_of_a_survey_decides_which_effort_is_good() {
    let rows = "score\n7\n6\n5\n2\n0\n8\n\n";
    let found = |direction: &str| {
        let json = run("ces", rows, "", &format!("params = {{ scale = [1, 7], direction = \"{direction}\" }}"));
        assert_eq!(rejected(&json), BTreeMap::from([("`score` is not a whole number from 1 to 7", 2)]));
        let row = only(&json).clone();
        assert_eq!((&row["value"], &row["n"], &row["unit"]), (&json!(5), &json!(4), &json!("score")));
        (row["direction"].as_str().unwrap().to_owned(), row["note"].as_str().unwrap().to_owned())
    };
    let pair = |direction: &str, note: &str| (direction.to_owned(), note.to_owned());
    assert_eq!(found("high_is_easy"), pair("higher_is_better", "on a scale from 1 to 7, where high is easy"));
    assert_eq!(found("high_is_effort"), pair("lower_is_better", "on a scale from 1 to 7, where high is much effort"));
}

#[test]
fn effort_without_scale_or_direction_is_refused() {
    assert_snapshot!(refused("ces", "params = { scale = [1, 7] }"));
    assert_snapshot!(refused("ces_easy_share", "params = { direction = \"high_is_easy\" }"));
    assert!(refused("ces", "params = { scale = [7, 1], direction = \"high_is_easy\" }").contains("a scale from 7 to 1 has no room"));
    let divides_nothing = refused("ces_easy_share", "params = { scale = [1, 7], direction = \"high_is_effort\", easy_from = 7 }");
    assert!(divides_nothing.contains("7 does not divide a scale from 1 to 7"), "{divides_nothing}");
}

#[test]
fn easy_answers_are_weighted_like_satisfied_ones() {
    let rows = "score,weight\n7,0.5\n5,0.5\n4,1\n1,2\n7,\n7,-1\n7,0\n";
    let json = run("ces_easy_share", rows, "", "params = { scale = [1, 7], direction = \"high_is_easy\", weighted = true }");
    let csat = run("csat", rows, "", "params = { scale = [1, 7], positive_from = 5, weighted = true }");
    let (easy, satisfied) = (only(&json), only(&csat));
    // By hand: 1 of 4; the answer of weight 0 is one of the five.
    assert_eq!((&easy["value"], &easy["n"], &easy["measures"]["easy_weight"]), (&json!(25), &json!(5), &json!(1)));
    assert_eq!(
        (&easy["low"], &easy["high"], &easy["measures"]["effective_n"]),
        (&satisfied["low"], &satisfied["high"], &satisfied["measures"]["effective_n"])
    );
    assert_eq!(rejected(&json), BTreeMap::from([("`weight` is missing", 1), ("`weight` is not 0 or more", 1)]));
}

// Channels.

#[test]
fn stated_and_observed_channels_stand_side_by_side() {
    let rows = "time,channel,preferred_channel,region\n2025-01-01,phone,chat,n\n2025-01-02,phone,phone,n\n2025-01-03,email,chat,s\n\
        2025-01-04,email,,s\n2025-02-01,,chat,s\n";
    let report = "from = 2025-01-01\nuntil = 2025-04-01\ngrain = \"month\"";
    let json = run("channel_preference", rows, report, "params = { channels = [\"phone\"] }");
    let found: Vec<String> = results(&json)
        .iter()
        .map(|row| {
            let (month, measures) = (&row["start"].as_str().unwrap()[..7], &row["measures"]);
            format!("{month} {} {} {} {}", row["dimensions"]["channel"], row["value"], measures["stated"], measures["observed"])
        })
        .collect();
    let expected = [
        "2025-01 \"chat\" 66.6666666667 2 0",
        "2025-01 \"email\" 0 0 2",
        "2025-01 \"phone\" 33.3333333333 1 2",
        "2025-02 \"chat\" 100 1 0",
        "2025-02 \"phone\" 0 0 0",
        // March has no row: its shares are undefined, and the channel that is asked for is there.
        "2025-03 \"phone\" null 0 0",
    ];
    assert_eq!(found, expected);
    let phone = &results(&json)[2];
    assert_eq!((&phone["n"], &phone["measures"]["all_stated"], &phone["measures"]["unstated"]), (&json!(3), &json!(3), &json!(1)));
    assert_eq!((&phone["measures"]["observed_share"], &phone["measures"]["unobserved"]), (&json!(50), &json!(0)));
    // A month without answers has no channel of its own.
    let json = run("channel_preference", rows, report, "");
    let march = results(&json).last().unwrap();
    assert_eq!((&march["dimensions"]["channel"], &march["value"], &march["n"]), (&Json::Null, &Json::Null, &json!(0)));
}

#[test]
fn a_change_of_the_stated_share_is_tested_like_any_proportion() {
    let mut rows = "time,channel,preferred_channel\n".to_owned();
    for (month, chat, phone) in [(1, 30, 20), (2, 20, 30)] {
        (0..chat).for_each(|_| writeln!(rows, "2025-0{month}-10,email,chat").unwrap());
        (0..phone).for_each(|_| writeln!(rows, "2025-0{month}-10,email,phone").unwrap());
    }
    rows.push_str("2024-12-10,email,chat\n");
    let report = "from = 2025-01-01\nuntil = 2025-03-01\ngrain = \"month\"\ncompare = [\"previous\"]";
    let json = run("channel_preference", &rows, report, "");
    let february =
        results(&json).iter().find(|row| row["start"].as_str().unwrap().starts_with("2025-02") && row["dimensions"]["channel"] == "chat");
    let comparison = &february.unwrap()["comparisons"][0];
    // statsmodels.stats.proportion.proportions_ztest([20, 30], [50, 50]).
    assert_eq!(comparison["change"], json!(-20), "{comparison:#}");
    assert!(is_close(comparison["p_value"].as_f64().unwrap(), 0.045_500_263_896_4), "{comparison:#}");
}

// Feedback.

const FEEDBACK: &str = "received_at,responded_at\n\
    2025-01-06 09:00:00,2025-01-07 09:00:00\n2025-01-06 09:00:00,2025-01-07 09:00:01\n2025-01-06 09:00:00,\n\
    2025-01-08 09:00:00,2025-01-08 10:00:00\n2025-01-06 09:00:00,2025-01-05 09:00:00\n2025-01-01 09:00:00,2025-01-12 09:00:00\n";

#[test]
fn a_response_that_is_not_known_yet_is_none() {
    let count = |as_of| {
        let case = Case::new().file("rows.csv", FEEDBACK);
        let case = if let Some(day) = as_of { case.as_of(date(2025, 1, day)) } else { case };
        let json = case.json(&config("feedback_response_rate", "", "")).unwrap();
        assert_eq!(rejected(&json), BTreeMap::from([("`responded_at` is before `received_at`", 1)]));
        let row = only(&json).clone();
        ["responded", "received", "too_young"].map(|name| row["measures"][name].as_i64().unwrap())
    };
    assert_eq!([count(None), count(Some(13)), count(Some(12)), count(Some(7))], [[4, 5, 0], [4, 5, 0], [3, 5, 0], [0, 4, 1]]);
}

#[test]
fn feedback_that_has_not_had_its_time_is_left_out_and_counted() {
    let counts = |as_of: i8, rest: &str| {
        let case = Case::new().file("rows.csv", FEEDBACK).as_of(date(2025, 1, as_of));
        let row = only(&case.json(&config("feedback_response_rate", "", rest)).unwrap()).clone();
        ["responded", "received", "too_young"].map(|name| row["measures"][name].as_i64().unwrap())
    };
    let day = "params = { within_hours = 24 }";
    assert_eq!(counts(9, day), [1, 4, 1]);
    assert_eq!(counts(10, day), [2, 5, 0]);
    // Of opening hours from 8 to 16, the first ones have had 7 + 8 by the 8th; what is received later is not known yet.
    let office = "params = { within_hours = 9, clock = \"office\" }\n[calendars.office]\nhours = { mon-fri = [\"08:00-16:00\"] }";
    assert_eq!(counts(8, office), [2, 4, 0]);
    assert_eq!(counts(9, office), [2, 4, 1]);
    let exactly = "params = { within_hours = 8, clock = \"office\" }\n[calendars.office]\nhours = { mon-fri = [\"08:00-16:00\"] }";
    // Monday 09:00 to Tuesday 09:00 are 8 hours, and a second more is too late.
    assert_eq!(counts(8, exactly), [1, 4, 0]);
}

#[test]
fn time_to_respond_must_be_some_and_a_clock_needs_it() {
    let empty = Case::new().file("rows.csv", "received_at,responded_at\n");
    let refused = |rest: &str| empty.load(&config("feedback_response_rate", "", rest)).err().unwrap();
    assert!(refused("params = { within_hours = 0 }").contains("0 hours is not a time to respond in"));
    let office = "params = { clock = \"office\" }\n[calendars.office]\nhours = { mon-fri = [\"08:00-16:00\"] }";
    assert!(refused(office).contains("there are no hours to count"));
    let report = "from = 2025-01-01\nuntil = 2025-02-01";
    let row = only(&empty.json(&config("feedback_response_rate", report, "params = { within_hours = 1 }")).unwrap()).clone();
    assert_eq!((&row["value"], &row["n"]), (&Json::Null, &json!(0)));
}

// Quality.

#[test]
fn a_review_with_a_score_that_can_not_be_used_is_none() {
    let rows = "review_id,category,score,weight,min,max,is_critical\n\
        a,tone,4,1,0,5,no\na,solution,5,3,0,5,yes\n\
        b,tone,6,1,0,5,no\nb,solution,5,3,0,5,yes\n\
        c,tone,4,-1,0,5,no\nc,solution,5,3,0,5,\n\
        d,tone,4,1,5,5,no\nd,solution,5,3,0,5,\n\
        e,tone,4,0,0,5,no\n\
        f,tone,,1,0,5,no\nf,solution,2,3,0,5,yes\n\
        ,tone,3,1,0,5,no\n";
    let json = run("quality_score", rows, "", "detail = true");
    assert_eq!(
        rejected(&json),
        BTreeMap::from([
            ("`review_id` is missing", 1),
            ("`score` is not from `min` to `max`", 1),
            ("`weight` is not 0 or more", 1),
            ("`max` is not above `min`", 1),
            ("another score of the review can't be used", 3),
        ])
    );
    let row = only(&json);
    // a is (0.8 + 3)/4, f fails its critical category; e weighs nothing.
    assert_eq!((&row["value"], &row["n"]), (&json!(47.5), &json!(2)));
    assert_eq!((&row["measures"]["failed_reviews"], &row["measures"]["weightless_reviews"]), (&json!(1), &json!(1)));
}

#[test]
fn reviews_are_shown_one_by_one_where_a_report_asks() {
    let rows = "review_id,category,score\na,tone,4\na,solution,5\nb,tone,1\nb,greeting,5\nb,greeting,50\n";
    let params = "detail = true\nparams = { scale = [1, 5], criteria = { tone = { weight = 2 }, solution = {} }, critical_below = 0.25 }";
    let result = Case::new().file("rows.csv", rows).run(&config("quality_score", "", params)).unwrap();
    let reasons: BTreeSet<&str> = result.rejected.iter().map(|rejection| rejection.reason.as_str()).collect();
    assert_eq!(reasons, BTreeSet::from(["`category` is not among `criteria`", "`score` is not 1 to 5"]));
    let detail = &result.details[0].frame;
    let scores: Vec<f64> = detail.column("review_score").unwrap().f64().unwrap().iter().flatten().collect();
    assert_eq!(detail.column("review_id").unwrap().str().unwrap().iter().flatten().collect::<Vec<_>>(), ["a", "b"]);
    assert!(is_close(scores[0], 100.0 * 2.5 / 3.0) && scores[1] == 0.0, "{scores:?}");
}

#[test]
fn by_category_a_review_is_what_it_was_given_there() {
    let rows = "time,review_id,category,score,agent\n2025-01-31,a,tone,10,x\n2025-02-01,a,solution,0,x\n2025-02-02,b,tone,5,y\n";
    let report = "from = 2025-01-01\nuntil = 2025-03-01\ngrain = \"month\"";
    let params = "by = [[], [\"category\"]]\nparams = { scale = [0, 10], criteria = { tone = {}, solution = { critical = true } } }";
    let json = run("quality_score", rows, report, params);
    let values: Vec<(Option<&str>, Option<f64>)> =
        results(&json).iter().map(|row| (row["dimensions"]["category"].as_str(), row["value"].as_f64())).collect();
    // Review a is of January, when it began.
    let expected = [
        (None, Some(0.0)),
        (None, Some(50.0)),
        (Some("solution"), None),
        (Some("tone"), Some(100.0)),
        (Some("solution"), Some(0.0)),
        (Some("tone"), Some(50.0)),
    ];
    assert_eq!(values, expected);
}

#[test]
fn criteria_that_can_not_be_used_are_refused() {
    let refused = |params: &str| {
        let rows = Case::new().file("rows.csv", "review_id,category,score\na,tone,1\n");
        rows.load(&config("quality_score", "", &format!("params = {{ {params} }}"))).err().unwrap()
    };
    assert!(refused("scale = [0, 5], criteria = { tone = { weight = -1 } }").contains("`tone` has a weight of -1"));
    assert!(refused("scale = [0, 5], criteria = { tone = { weight = 0 } }").contains("no category weighs anything"));
    assert!(refused("scale = [0, 5], criteria = {}").contains("no category weighs anything"));
    assert!(refused("scale = [5, 5], criteria = { tone = {} }").contains("a scale from 5 to 5 has no room"));
    assert!(refused("scale = [0, 5], criteria = { tone = {} }, critical_below = 50").contains("50 is not part of a scale"));
    assert!(refused("scale = [0, 5]").contains("`weight`"));
}

/// Random scores: review, category, score, weight, whether critical.
fn random_scores() -> impl Strategy<Value = Vec<(u8, u8, i64, u8, bool)>> {
    prop::collection::vec((0..8_u8, 0..4_u8, 0..=10_i64, 0..4_u8, prop::bool::weighted(0.2)), 0..40)
}

// Mentions.

#[test]
fn hours_and_weekdays_are_those_of_local_clocks() {
    // Copenhagen puts its clocks back on Sunday, 2025-10-26 at 03:00: 00:30 and 01:30 UTC are both shown as 02:30.
    let rows = "time\n2025-10-26T00:30:00Z\n2025-10-26T01:30:00Z\n2025-10-25T22:30:00Z\n2025-10-25T21:59:59Z\n1969-12-31T12:00:00Z\n";
    let report = "timezone = \"Europe/Copenhagen\"";
    let hours = run("mention_volume", rows, report, "params = { per = \"hour_of_day\" }");
    let counts: Vec<(i64, i64)> =
        results(&hours).iter().map(|row| (row["dimensions"]["hour_of_day"].as_i64().unwrap(), row["value"].as_i64().unwrap())).collect();
    assert_eq!(counts.len(), 24);
    assert_eq!(counts.iter().filter(|(_, count)| *count > 0).collect::<Vec<_>>(), [&(0, 1), &(2, 2), &(13, 1), &(23, 1)]);
    let weekdays = run("mention_volume", rows, report, "params = { per = \"weekday\", show = \"share\" }");
    let shares: Vec<(&str, f64)> =
        results(&weekdays).iter().map(|row| (row["dimensions"]["weekday"].as_str().unwrap(), row["value"].as_f64().unwrap())).collect();
    let none = |day| (day, 0.0);
    assert_eq!(
        shares,
        [none("monday"), none("tuesday"), ("wednesday", 20.0), none("thursday"), none("friday"), ("saturday", 20.0), ("sunday", 60.0)]
    );
}

#[test]
fn mentions_are_counted_by_any_column_and_none_is_none() {
    let rows = "time,source\n2025-01-01,x\n2025-01-02,x\n2025-01-03,\n2025-02-01,y\n";
    let report = "from = 2025-01-01\nuntil = 2025-04-01\ngrain = \"month\"";
    let values = |rest: &str| -> Vec<Option<f64>> {
        results(&run("mention_volume", rows, report, rest)).iter().map(|row| row["value"].as_f64()).collect()
    };
    assert_eq!(values(""), [Some(3.0), Some(1.0), Some(0.0)]);
    let shares = values("by = [[\"source\"]]\nparams = { show = \"share\" }");
    assert_eq!(shares[..3], [Some(33.333_333_333_3), Some(66.666_666_666_7), Some(0.0)]);
    assert_eq!(shares[6..], [None, None, None]);
}

#[test]
fn sentiments_are_rated_by_the_words_of_the_report() {
    let rows = "id,sentiment\n1,good\n2,good\n3,meh\n4,bad\n5,Positive\n6,\n7,\n8,ugly\n";
    let params = |show: &str| {
        format!("params = {{ show = \"{show}\", positive = [\"good\"], neutral = [\"meh\"], negative = [\"bad\", \"ugly\"] }}")
    };
    let json = run("sentiment", rows, "", &params("shares"));
    assert_eq!(rejected(&json), BTreeMap::from([("`sentiment` is not one of the words for positive, neutral or negative", 1)]));
    let expected = [(Some("negative"), Some(40.0)), (Some("neutral"), Some(20.0)), (Some("positive"), Some(40.0))];
    assert_eq!(by(&json, "sentiment"), BTreeMap::from(expected));
    assert!(results(&json).iter().all(|row| row["measures"]["unrated"] == json!(2) && row["direction"] == json!("neutral")));
    let json = run("sentiment", rows, "", &params("net"));
    let net = only(&json);
    assert_eq!(
        (&net["value"], &net["n"], &net["unit"], &net["direction"]),
        (&json!(0), &json!(5), &json!("points"), &json!("higher_is_better"))
    );
    assert_eq!(net["measures"], json!({ "positive": 2, "neutral": 1, "negative": 2, "rated": 5, "unrated": 2 }));
    // 100 · 1.959964 · √((0.4 + 0.4) / 5).
    assert!((net["high"].as_f64().unwrap() - 78.398_559_4).abs() < 1e-6, "{net:#}");
}

#[test]
fn words_that_mean_two_things_are_refused() {
    assert!(refused("sentiment", "params = { positive = [\"ok\"], neutral = [\"ok\"] }").contains("`ok` comes twice"));
    assert!(refused("sentiment", "params = { negative = [] }").contains("`negative` is empty"));
    assert!(refused("sentiment", "params = { neutral = [\" \"] }").contains("a word is blank"));
    assert!(refused("share_of_voice", "params = { own = [\"Acme\"], competitors = [\"Acme\"] }").contains("`Acme` comes twice"));
    assert!(refused("share_of_voice", "params = { own = [\"Acme\"], competitors = [] }").contains("`competitors` is empty"));
    assert!(refused("share_of_voice", "params = { own = [\"Acme\"] }").contains("`competitors` is missing"));
    assert!(refused("mention_topics", "params = { separator = \"\" }").contains("nothing separates topics"));
    assert!(refused("mention_topics", "params = { topics = [\"a\", \"a\"] }").contains("`a` comes twice"));
}

#[test]
fn topics_of_a_month_without_mentions_are_undefined() {
    let rows = "time,category,source\n2025-01-01,\"a, b\",x\n2025-01-02,b,y\n2025-01-02,,y\n";
    let report = "from = 2025-01-01\nuntil = 2025-03-01\ngrain = \"month\"";
    let json = run("mention_topics", rows, report, "params = { separator = \",\", topics = [\"c\"] }");
    let values: Vec<(Option<&str>, Option<f64>)> =
        results(&json).iter().map(|row| (row["dimensions"]["topic"].as_str(), row["value"].as_f64())).collect();
    assert_eq!(values, [(Some("a"), Some(50.0)), (Some("b"), Some(100.0)), (Some("c"), Some(0.0)), (Some("c"), None)]);
    assert_eq!(results(&json)[0]["measures"], json!({ "mentions": 1, "categorised": 2, "uncategorised": 1 }));
    let by_source = run("mention_topics", rows, "", "by = [[\"source\"]]\nparams = { separator = \",\" }");
    let counts: Vec<(&str, &str, i64)> = results(&by_source)
        .iter()
        .map(|row| {
            let dimensions = &row["dimensions"];
            (dimensions["source"].as_str().unwrap(), dimensions["topic"].as_str().unwrap(), row["n"].as_i64().unwrap())
        })
        .collect();
    assert_eq!(counts, [("x", "a", 1), ("x", "b", 1), ("y", "b", 1)]);
    let nothing = run("mention_topics", "time,category\n2025-01-01,\n", "", "");
    let row = only(&nothing);
    assert_eq!((&row["dimensions"]["topic"], &row["value"], &row["measures"]["uncategorised"]), (&Json::Null, &Json::Null, &json!(1)));
}

#[test]
fn other_brands_are_no_part_of_the_voices() {
    let rows = "brand,id\nAcme,1\nacme inc,2\nGlobex,3\nGlobex,4\nUmbrella,5\n,6\n";
    let json = run("share_of_voice", rows, "", "params = { own = [\"Acme\", \"acme inc\"], competitors = [\"Globex\"] }");
    let row = only(&json);
    assert_eq!((&row["value"], &row["n"], &row["note"]), (&json!(50), &json!(4), &json!("beside Globex")));
    assert_eq!(row["measures"], json!({ "own": 2, "own_and_competitors": 4, "others": 1, "unbranded": 1 }));
    let row =
        only(&run("share_of_voice", "brand,id\nUmbrella,1\n", "", "params = { own = [\"Acme\"], competitors = [\"Globex\"] }")).clone();
    assert_eq!((&row["value"], &row["low"]), (&Json::Null, &Json::Null));
}

/// Random mentions: hour since 2025-01-01 UTC, sentiment, topics, source.
fn random_mentions() -> impl Strategy<Value = Vec<(i64, Option<u8>, Vec<u8>, bool)>> {
    let topics = prop::collection::vec(0..4_u8, 0..4);
    prop::collection::vec((0..2000_i64, prop::option::weighted(0.8, 0..3_u8), topics, any::<bool>()), 0..60)
}

const SENTIMENTS: [&str; 3] = ["positive", "neutral", "negative"];

fn mention_rows(mentions: &[(i64, Option<u8>, Vec<u8>, bool)]) -> String {
    let mut text = "time,sentiment,category,source\n".to_owned();
    for (hour, sentiment, topics, source) in mentions {
        let time = date(2025, 1, 1).at(0, 0, 0, 0).in_tz("UTC").unwrap() + jiff::Span::new().hours(*hour);
        let sentiment = sentiment.map_or("", |sentiment| SENTIMENTS[usize::from(sentiment)]);
        let topics: Vec<String> = topics.iter().map(|topic| format!("topic {topic}")).collect();
        writeln!(text, "{},{sentiment},{},{source}", time.timestamp(), topics.join(" | ")).unwrap();
    }
    text
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn the_quality_score_is_the_mean_of_what_a_naive_count_gives_each_review(scores in random_scores()) {
        let mut rows = "review_id,category,score,weight,min,max,is_critical\n".to_owned();
        let mut reviews: BTreeMap<u8, Vec<(f64, f64, bool)>> = BTreeMap::new();
        for (review, category, score, weight, critical) in &scores {
            writeln!(rows, "r{review},c{category},{score},{weight},0,10,{critical}").unwrap();
            reviews.entry(*review).or_default().push((*score as f64 / 10.0, f64::from(*weight), *critical));
        }
        let row = only(&run("quality_score", &rows, "", "")).clone();
        let score = |review: &Vec<(f64, f64, bool)>| {
            let weight: f64 = review.iter().map(|(_, weight, _)| weight).sum();
            let fails = review.iter().any(|(part, _, critical)| *critical && *part < 0.5);
            let mean = 100.0 * review.iter().map(|(part, weight, _)| part * weight).sum::<f64>() / weight;
            (weight > 0.0).then_some(if fails { 0.0 } else { mean })
        };
        let naive: Vec<f64> = reviews.values().filter_map(score).collect();
        prop_assert_eq!(row["n"].as_u64(), Some(naive.len() as u64));
        prop_assert_eq!(row["measures"]["weightless_reviews"].as_u64(), Some((reviews.len() - naive.len()) as u64));
        match row["value"].as_f64() {
            Some(value) => prop_assert!(is_close(value, naive.iter().sum::<f64>() / naive.len() as f64), "{} {:?}", value, naive),
            None => prop_assert!(naive.is_empty()),
        }
    }

    #[test]
    fn mentions_are_shared_out_as_a_naive_count_does(mentions in random_mentions(), zone in prop::sample::select(vec!["UTC", "Asia/Kolkata", "America/New_York"])) {
        let rows = mention_rows(&mentions);
        let case = Case::new().file("rows.csv", &rows);
        let report = format!(
            "[report]\ntimezone = \"{zone}\"\n[tables.rows]\npath = \"rows.csv\"\n\
             [[metrics]]\nname = \"hours\"\nmetric = \"support.mention_volume\"\ntable = \"rows\"\nparams = {{ per = \"hour_of_day\" }}\n\
             [[metrics]]\nname = \"weekdays\"\nmetric = \"support.mention_volume\"\ntable = \"rows\"\nparams = {{ per = \"weekday\", show = \"share\" }}\n\
             [[metrics]]\nname = \"shares\"\nmetric = \"support.sentiment\"\ntable = \"rows\"\nby = [[\"source\"]]\n\
             [[metrics]]\nname = \"net\"\nmetric = \"support.sentiment\"\ntable = \"rows\"\nparams = {{ show = \"net\" }}\nby = [[\"source\"]]\n\
             [[metrics]]\nname = \"topics\"\nmetric = \"support.mention_topics\"\ntable = \"rows\"\nparams = {{ separator = \"|\" }}\n"
        );
        let json = case.json(&report).unwrap();
        let of = |request: &'static str| results(&json).iter().filter(move |row| row["request"] == request);

        let local = |hour: &i64| (date(2025, 1, 1).at(0, 0, 0, 0).in_tz("UTC").unwrap() + jiff::Span::new().hours(*hour)).in_tz(zone).unwrap();
        for row in of("hours") {
            let hour = row["dimensions"]["hour_of_day"].as_i64().unwrap();
            let naive = mentions.iter().filter(|mention| i64::from(local(&mention.0).hour()) == hour).count();
            prop_assert_eq!(row["value"].as_u64(), Some(naive as u64), "{}", hour);
        }
        for (row, weekday) in of("weekdays").zip(1_i8..) {
            let naive = mentions.iter().filter(|mention| local(&mention.0).weekday().to_monday_one_offset() == weekday).count();
            prop_assert_eq!(row["measures"]["mentions"].as_u64(), Some(naive as u64));
        }
        let sums_to_100 = |rows: Vec<&Json>| {
            let values: Vec<f64> = rows.iter().filter_map(|row| row["value"].as_f64()).collect();
            values.is_empty() || (values.len() == rows.len() && (values.iter().sum::<f64>() - 100.0).abs() < 1e-6)
        };
        prop_assert!(sums_to_100(of("weekdays").collect()));

        for source in [false, true] {
            let same = |row: &&Json| row["dimensions"]["source"].as_bool() == Some(source);
            let shares: Vec<&Json> = of("shares").filter(same).collect();
            prop_assert!(sums_to_100(shares.clone()));
            let count = |kind: u8| mentions.iter().filter(|mention| mention.3 == source && mention.1 == Some(kind)).count() as f64;
            let rated = count(0) + count(1) + count(2);
            for (row, kind) in shares.iter().zip(0..) {
                prop_assert_eq!(row["measures"]["mentions"].as_f64(), Some(count(kind)));
            }
            if let Some(net) = of("net").find(same) {
                let naive = (rated > 0.0).then(|| 100.0 * (count(0) - count(2)) / rated);
                prop_assert_eq!(net["value"].is_null(), naive.is_none());
                prop_assert!(naive.is_none_or(|naive| is_close(net["value"].as_f64().unwrap(), naive)));
            }
        }

        let sets: Vec<BTreeSet<u8>> = mentions.iter().map(|mention| mention.2.iter().copied().collect()).collect();
        let categorised = sets.iter().filter(|set| !set.is_empty()).count();
        for topic in 0..4_u8 {
            let naive = sets.iter().filter(|set| set.contains(&topic)).count();
            let name = format!("topic {topic}");
            let row = of("topics").find(|row| row["dimensions"]["topic"] == json!(name));
            prop_assert_eq!(row.is_some(), naive > 0);
            if let Some(row) = row {
                prop_assert!(is_close(row["value"].as_f64().unwrap(), 100.0 * naive as f64 / categorised as f64));
                prop_assert_eq!(row["n"].as_u64(), Some(categorised as u64));
            }
        }
    }
}

// Contacts.

#[test]
fn contacts_are_divided_by_the_customers_of_their_bucket() {
    let rows = "ticket_id,created_at,channel\n1,2025-01-10,mail\n2,2025-01-11,chat\n3,2025-02-10,mail\n4,2024-12-10,mail\n";
    let report = "from = 2025-01-01\nuntil = 2025-04-01\ngrain = \"month\"\ncompare = [\"previous\"]";
    let params = "params = { active_customers = { 2025-01-01 = 50, 2025-02-01 = 40.0 } }";
    let json = run("contact_rate", rows, report, params);
    let found: Vec<(Option<f64>, &Json, Option<f64>)> =
        results(&json).iter().map(|row| (row["value"].as_f64(), &row["note"], row["comparisons"][0]["change"].as_f64())).collect();
    let unknown = json!("`active_customers` has no number for 2025-03-01");
    assert_eq!(found, [(Some(4.0), &Json::Null, None), (Some(2.5), &Json::Null, Some(-1.5)), (None, &unknown, None)]);
    assert_eq!(results(&json)[2]["measures"], json!({ "tickets": 0, "active_customers": null }));
    let by_channel = run("contact_rate", rows, "", "by = [[\"channel\"]]\nparams = { active_customers = 200 }");
    assert_eq!(by(&by_channel, "channel"), BTreeMap::from([(Some("chat"), Some(0.5)), (Some("mail"), Some(1.5))]));
}

#[test]
fn customers_must_be_given_and_be_some() {
    assert!(refused("contact_rate", "").contains("`active_customers` is missing"));
    assert!(refused("contact_rate", "params = { active_customers = 0 }").contains("0 customers make no rate"));
    assert!(refused("contact_rate", "params = { active_customers = {} }").contains("there is no number"));
    assert!(refused("contact_rate", "params = { active_customers = \"many\" }").contains("a number, or numbers by date"));
    assert!(refused("contact_rate", "params = { active_customers = { january = 3 } }").contains("january"));
    assert!(refused("contact_rate", "params = { active_customers = { 2025-01-01 = -3 } }").contains("-3 customers make no rate"));
}
