//! Survival of customers. Source: E. L. Kaplan & P. Meier, "Nonparametric estimation from incomplete observations", JASA 53 (1958).

use custometer_core::prelude::*;
use custometer_core::statistics::{self, Lifetimes, SurvivalCurve};
use custometer_core::{DimensionValue, Estimate, Evaluate, EvaluateContext, EvaluateError, Evaluation, Group, Observation};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::shared::spans::{DURATION, Durations, Ends, HAS_ENDED, LifetimeUnit, Overlaps, SpanRules, Spans};
use crate::tables::{CUSTOMERS, STARTED_AT};

const ENDED: &str = "ended";
const CENSORED: &str = "censored";
const AT_RISK: &str = "at_risk";

/// How many ages a curve has where nobody chose them.
const MOST_AGES: usize = 100;

/// How long a customer was seen.
const SEEN: Column =
    Column::number(DURATION).between(0.0, f64::INFINITY).describe("how long the customer has been one, in any unit").also_called(
        "tenure, tenure months, months, customer for, lifetime, age in months, months active, anciennitet, varighed, maaneder, \
         varighet, maaneder som kunde, laengd, maanader, dauer, laufzeit, monate, kundendauer",
    );

/// Whether a customer is gone.
const GONE: Column = Column::boolean(HAS_ENDED).describe("whether the customer left then, and is not one still").also_called(
    "churn, churned, has churned, is churned, exited, left, cancelled, canceled, terminated, attrition, is closed, opsagt, \
         har opsagt, afsluttet, oppsagt, avsluttet, uppsagd, avslutad, gekuendigt, beendet",
);

/// Parameters of [`Survival`].
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SurvivalParams {
    /// What is reported of the survival.
    pub statistic: SurvivalStatistic,
    /// The ages of the curve, ascending; every age at which somebody left unless said.
    pub at: Vec<f64>,
    /// Up to which age the restricted mean goes.
    pub limit: Option<f64>,
    /// Where lifetimes come from.
    pub basis: LifetimeBasis,
    /// What the durations of the table are counted in; those from spans are days.
    pub unit: LifetimeUnit,
    /// What spans of one customer that overlap mean.
    pub overlaps: Overlaps,
    /// Whether spans last through the day that they end on.
    pub ends: Ends,
}

/// What is reported of the survival.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SurvivalStatistic {
    /// The share of customers who stay longer than an age, for each age.
    #[default]
    Curve,
    /// The age by which half of the customers have left.
    Median,
    /// The mean time that customers stay up to the age `limit`.
    RestrictedMean,
}

/// Where lifetimes come from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LifetimeBasis {
    /// From spans with a start and an end, in whole local days.
    #[default]
    Spans,
    /// From a table of customers with how long each has been one, and whether it is over.
    Durations,
}

/// `loyalty.survival`: how long do customers stay, those who still do taken into account?
pub struct Survival;

impl Metric for Survival {
    type Params = SurvivalParams;

    const ABOUT: &'static About = &About {
        id: "loyalty.survival",
        title: "Survival of customers",
        summary: "The share of customers who stay longer than an age, estimated from those who left and those who are still there.",
        formula: "S(age) = Π over the ages up to it at which customers left of (1 − who left then / who had stayed until then); \
            the median is the first age at which S is at most one half, the restricted mean the area under S up to `limit`",
        unit: Unit::Percent,
        range: "0 to 100; the median and the restricted mean 0 or more",
        direction: Direction::HigherIsBetter,
        edge_cases: &[
            "No lifetime: undefined.",
            "An age beyond the longest lifetime is undefined, unless nobody was left by then. A median that is not reached is undefined, \
             too, and so is a restricted mean whose `limit` is beyond the longest lifetime.",
            "A lifetime belongs to the bucket in which it begins. Without a grain, only lifetimes that begin in the report's period count.",
            "A lifetime that goes on was seen until the as-of date, or until the period ends; one that ends later goes on.",
            "Spans of a customer that adjoin are one lifetime; a customer who comes back has another one.",
            "Where nobody or everybody has left, the curve has no interval; nor has the median while the curve's interval stays above one half.",
            "`at_risk` are those who had stayed until the age, `ended` those who had left by then, and `censored` those who go on and \
             were seen for less time.",
            "Without `at`, a curve of more than 100 ages shows 100 of them, and says so.",
            "Two curves are compared by the log-rank test, which is of all ages alike.",
            "In a breakdown, a customer has a lifetime in every group they have spans in.",
            "An end before its start, a negative duration, a row without a customer, and a span that overlaps another of its customer are \
                rejected; with `overlaps = \"unite\"`, a lifetime goes on while any span does.",
        ],
        examples: &[
            Example {
                title: "weeks of remission of 21 patients: the first three steps",
                params: "basis = \"durations\"\nat = [5, 6, 7, 10]",
                header: "duration,has_ended",
                rows: REMISSION,
                expected: &[
                    ("age=5", Some(100.0)),
                    ("age=6", Some(85.714_285_714_285_71)),
                    ("age=7", Some(80.672_268_907_563_03)),
                    ("age=10", Some(75.294_117_647_058_82)),
                ],
                ..Example::NONE
            },
            Example {
                title: "their median",
                params: "basis = \"durations\"\nstatistic = \"median\"",
                header: "duration,has_ended",
                rows: REMISSION,
                expected: &[("", Some(23.0))],
                ..Example::NONE
            },
            Example {
                title: "spans: one ends after 10 days, one is united to 20, and two go on",
                report: "from = 2025-03-01\nuntil = 2025-04-01",
                header: "customer_id,started_at,ended_at",
                rows: &[
                    (1, "a,2025-03-01,2025-03-11"),
                    (1, "b,2025-03-02,2025-03-12"),
                    (1, "b,2025-03-12,2025-03-22"),
                    (1, "c,2025-03-18,"),
                    (1, "d,2025-03-03,2025-05-01"),
                ],
                expected: &[("age=10", Some(75.0)), ("age=20", Some(37.5))],
                ..Example::NONE
            },
            Example {
                title: "the mean of the same within 20 days",
                report: "from = 2025-03-01\nuntil = 2025-04-01",
                params: "statistic = \"restricted_mean\"\nlimit = 20",
                header: "customer_id,started_at,ended_at",
                rows: &[
                    (1, "a,2025-03-01,2025-03-11"),
                    (1, "b,2025-03-02,2025-03-12"),
                    (1, "b,2025-03-12,2025-03-22"),
                    (1, "c,2025-03-18,"),
                    (1, "d,2025-03-03,2025-05-01"),
                ],
                expected: &[("", Some(17.5))],
            },
        ],
        references: &[
            "E. L. Kaplan & P. Meier, JASA 53 (1958), 457–481",
            "E. J. Freireich et al., Blood 21 (1963), 699–716, for the example: remission of leukaemia with 6-mercaptopurine, in weeks",
            "M. Greenwood, Reports on Public Health and Medical Subjects 33 (1926), for the variance",
            "J. D. Kalbfleisch & R. L. Prentice, \"The Statistical Analysis of Failure Time Data\" (1980), section 1.3, for the log-log interval",
            "R. Brookmeyer & J. Crowley, Biometrics 38 (1982), 29–41, for the interval of the median",
            "N. Mantel, Cancer Chemotherapy Reports 50 (1966), 163–170, for the log-rank test",
            "J. P. Klein & M. L. Moeschberger, \"Survival Analysis\", 2nd ed. (2003), section 4.5, for that of the restricted mean",
        ],
    };

    fn define(params: &SurvivalParams) -> Result<Definition, ParamError> {
        let statistic = params.statistic;
        let (is_curve, is_restricted) = (statistic == SurvivalStatistic::Curve, statistic == SurvivalStatistic::RestrictedMean);
        let possible = |age: &f64| age.is_finite() && *age >= 0.0;
        if !params.at.is_empty() && !is_curve {
            return Err(ParamError::new("at", "only a curve has ages").help("leave it out, or ask for `statistic = \"curve\"`"));
        }
        if !params.at.iter().all(possible) || !params.at.is_sorted_by(|one, next| one < next) {
            return Err(ParamError::new("at", "ages are numbers of 0 or more, each once and ascending"));
        }
        match params.limit {
            None if is_restricted => {
                return Err(ParamError::new("limit", "a restricted mean needs its limit").help("say up to which age: `limit = 365`"));
            }
            Some(_) if !is_restricted => {
                return Err(ParamError::new("limit", "only a restricted mean has a limit").help("leave it out"));
            }
            Some(limit) if !possible(&limit) || limit == 0.0 => {
                return Err(ParamError::new("limit", format!("{limit} is not an age above 0")));
            }
            _ => {}
        }
        let definition = match params.basis {
            LifetimeBasis::Spans if params.unit != LifetimeUnit::Days => {
                return Err(ParamError::new("unit", "spans are counted in days").help("leave it out"));
            }
            LifetimeBasis::Spans => {
                let spans = Spans::Subscribed(SpanRules { overlaps: params.overlaps, ends: params.ends });
                Definition::over(spans.source()).derive(Durations { spans })
            }
            LifetimeBasis::Durations if params.overlaps != Overlaps::default() => {
                return Err(ParamError::new("overlaps", "durations do not overlap").help("leave it out"));
            }
            LifetimeBasis::Durations if params.ends != Ends::default() => {
                return Err(ParamError::new("ends", "durations say themselves how long they are").help("leave it out"));
            }
            LifetimeBasis::Durations => Definition::over(Source::table(CUSTOMERS).at(STARTED_AT).column(SEEN).column(GONE)),
        };
        let definition = if is_curve { definition } else { definition.unit(params.unit.unit()) };
        Ok(definition
            .own_dimension(DURATION, col(DURATION))
            .measure(count(ENDED).filter(col(HAS_ENDED)))
            .measure(count(CENSORED).filter(col(HAS_ENDED).not()))
            .value(Value::function(KaplanMeier { statistic, at: params.at.clone(), limit: params.limit.unwrap_or_default() }))
            .picture(Picture::Curve))
    }
}

/// Weeks of remission of 21 patients with 6-mercaptopurine.
const REMISSION: &[(usize, &str)] = &[
    (3, "6,true"),
    (1, "6,false"),
    (1, "7,true"),
    (1, "9,false"),
    (1, "10,true"),
    (1, "10,false"),
    (1, "11,false"),
    (1, "13,true"),
    (1, "16,true"),
    (1, "17,false"),
    (1, "19,false"),
    (1, "20,false"),
    (1, "22,true"),
    (1, "23,true"),
    (1, "25,false"),
    (2, "32,false"),
    (1, "34,false"),
    (1, "35,false"),
];

/// What is asked of the survival curve of a group.
#[derive(Debug)]
struct KaplanMeier {
    statistic: SurvivalStatistic,
    at: Vec<f64>,
    limit: f64,
}

impl Evaluate for KaplanMeier {
    fn measures(&self) -> Vec<&str> {
        vec![ENDED, CENSORED]
    }

    fn dimensions(&self) -> Vec<String> {
        let is_curve = self.statistic == SurvivalStatistic::Curve;
        is_curve.then(|| "age".to_owned()).into_iter().collect()
    }

    fn evaluate(&self, group: &Group<'_>, context: &EvaluateContext<'_>) -> Result<Evaluation, EvaluateError> {
        let lifetimes = Counted::of(group);
        let curve = statistics::kaplan_meier(&lifetimes.0);
        let one = |estimate: Estimate| {
            let measures = lifetimes.evidence(0.0, f64::INFINITY);
            vec![Observation { dimensions: Vec::new(), estimate: Estimate { n: Some(lifetimes.all()), ..estimate }, measures }]
        };
        let estimate = |value: Option<f64>, interval: Option<(f64, f64)>| Estimate { value, interval, n: None };
        let (observations, note) = match self.statistic {
            SurvivalStatistic::Curve => {
                let (ages, note) = if self.at.is_empty() { ages(curve.as_ref()) } else { (self.at.clone(), None) };
                let points = ages.iter().map(|age| lifetimes.point(curve.as_ref(), *age, context.confidence)).collect();
                (if ages.is_empty() { one(Estimate::undefined()) } else { points }, note)
            }
            SurvivalStatistic::Median => {
                let interval = curve.as_ref().map(|curve| curve.median_interval(context.confidence));
                let interval = interval.and_then(|(low, high)| low.zip(high));
                (one(estimate(curve.as_ref().and_then(SurvivalCurve::median), interval)), None)
            }
            SurvivalStatistic::RestrictedMean => {
                let mean = curve.as_ref().and_then(|curve| curve.restricted_mean(self.limit));
                let interval = mean.and_then(|mean| mean.interval(context.confidence));
                (one(estimate(mean.map(|mean| mean.mean), interval.map(|(low, high)| (low, high.min(self.limit))))), None)
            }
        };
        Ok(Evaluation { observations, note, ..Evaluation::default() })
    }

    /// The test is of the whole curve, whatever is reported of it.
    fn p_value(&self, _: &[DimensionValue], now: &Group<'_>, before: &Group<'_>) -> Option<f64> {
        let [now, before] = [now, before].map(|group| statistics::kaplan_meier(&Counted::of(group).0));
        statistics::log_rank(&now?, &before?)
    }
}

/// The ages at which somebody left, or the last one that was seen where nobody did; and what to say where they are too many to show all.
fn ages(curve: Option<&SurvivalCurve>) -> (Vec<f64>, Option<String>) {
    let Some(curve) = curve else { return (Vec::new(), None) };
    let steps = curve.steps();
    let mut ages: Vec<f64> = steps.iter().filter(|step| step.ended > 0.0).map(|step| step.time).collect();
    if ages.is_empty() {
        ages.extend(steps.last().map(|step| step.time));
    }
    let all = ages.len();
    if all <= MOST_AGES {
        return (ages, None);
    }
    let shown = (1..=MOST_AGES).map(|number| ages[number * all / MOST_AGES - 1]).collect();
    (shown, Some(format!("{MOST_AGES} of the {all} ages at which somebody left; `at` chooses others")))
}

/// Lifetimes by their duration.
struct Counted(Vec<Lifetimes>);

impl Counted {
    fn of(group: &Group<'_>) -> Self {
        let count = |of: Option<f64>| of.unwrap_or(0.0);
        let lifetimes = group.rows.iter().filter_map(|row| {
            let duration = row.dimensions.first()?.as_number()?;
            Some(Lifetimes { duration, ended: count(row.get(ENDED)), censored: count(row.get(CENSORED)) })
        });
        Self(lifetimes.collect())
    }

    fn all(&self) -> f64 {
        self.0.iter().map(|of| of.ended + of.censored).sum()
    }

    /// How many had stayed until `from`; and of those that were seen no longer than `until`, how many left, and how many were still there.
    fn evidence(&self, from: f64, until: f64) -> Vec<(String, Option<f64>)> {
        let at_risk: f64 = self.0.iter().filter(|of| of.duration >= from).map(|of| of.ended + of.censored).sum();
        let ended: f64 = self.0.iter().filter(|of| of.duration <= until).map(|of| of.ended).sum();
        let censored: f64 = self.0.iter().filter(|of| of.duration < until).map(|of| of.censored).sum();
        [(AT_RISK, at_risk), (ENDED, ended), (CENSORED, censored)].map(|(name, count)| (name.to_owned(), Some(count))).to_vec()
    }

    /// A point of the curve.
    fn point(&self, curve: Option<&SurvivalCurve>, age: f64, confidence: f64) -> Observation {
        let percent = |share: f64| 100.0 * share;
        let interval = curve.and_then(|curve| curve.interval(age, confidence));
        let estimate = Estimate {
            value: curve.and_then(|curve| curve.at(age)).map(percent),
            interval: interval.map(|(low, high)| (percent(low), percent(high))),
            n: Some(self.all()),
        };
        Observation { dimensions: vec![DimensionValue::from(age)], estimate, measures: self.evidence(age, age) }
    }
}

register_metric!(Survival);
