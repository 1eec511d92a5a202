//! `compare`: what values are compared with, by the names that every report knows or by those that this one gives.

use std::collections::BTreeMap;
use std::fmt;

use custometer_core::time::{Earlier, Last, Name};
use custometer_core::{Baseline, Grain, Period};
use schemars::JsonSchema;
use serde::de::value::MapAccessDeserializer;
use serde::{Deserialize, Deserializer};
use toml::Spanned;

use crate::check::periods::Named;
use crate::config::diagnostics::Collector;
use crate::config::section::did_you_mean;
use crate::config::values::Day;

/// What values are compared with.
#[derive(Debug, Clone)]
pub(crate) enum CompareConfig {
    /// By a name.
    Baseline(Baseline),
    /// A time that gets a name here.
    Earlier(EarlierConfig),
}

/// An earlier time of the report's own: a range of days, so far back, or the same holiday.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct EarlierConfig {
    /// What outputs call it.
    #[schemars(with = "String")]
    pub name: Spanned<String>,
    /// The first day of a range. A total is compared with all of the range, a bucket with the days that are as far from its first day.
    #[schemars(with = "Option<Day>")]
    pub from: Option<Spanned<Day>>,
    /// The day after its last one.
    #[schemars(with = "Option<Day>")]
    pub until: Option<Spanned<Day>>,
    /// Instead of a range: so many units of the calendar before, such as `52 weeks` for the same weekday a year before.
    #[schemars(with = "Option<Last>")]
    pub back: Option<Spanned<Last>>,
    /// Days that are in this list of `[holidays]` are compared with the same holiday before; others with those that are `back`, where that is said.
    #[schemars(with = "Option<String>")]
    pub holidays: Option<Spanned<String>>,
}

impl<'de> Deserialize<'de> for CompareConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Written;
        impl<'de> serde::de::Visitor<'de> for Written {
            type Value = CompareConfig;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }
            fn visit_str<E>(self, name: &str) -> Result<CompareConfig, E> {
                Ok(CompareConfig::Baseline(Baseline::called(name)))
            }
            fn visit_map<A: serde::de::MapAccess<'de>>(self, map: A) -> Result<CompareConfig, A::Error> {
                EarlierConfig::deserialize(MapAccessDeserializer::new(map)).map(CompareConfig::Earlier)
            }
        }
        deserializer.deserialize_any(Written)
    }
}

impl JsonSchema for CompareConfig {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Compare".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let (baseline, earlier) = (generator.subschema_for::<Baseline>(), generator.subschema_for::<EarlierConfig>());
        schemars::json_schema!({ "anyOf": [baseline, earlier] })
    }
}

impl CompareConfig {
    fn baseline(&self) -> Baseline {
        match self {
            Self::Baseline(baseline) => *baseline,
            Self::Earlier(earlier) => Baseline::Named(Name::new(earlier.name.get_ref().trim())),
        }
    }
}

/// The first parts of names of columns, which no comparison can be called by.
const TAKEN: [&str; 7] = ["by", "group", "target", "benchmark", "process", "previous", "year_ago"];

/// The earlier times that a report names, where it does so first.
pub(crate) fn read<'a>(
    all: impl Iterator<Item = &'a Spanned<CompareConfig>>,
    period: Option<Period>,
    named: &Named,
    problems: &mut Collector,
) -> BTreeMap<Name, Earlier> {
    let mut known: BTreeMap<Name, Option<Earlier>> = BTreeMap::new();
    for config in all {
        let CompareConfig::Earlier(written) = config.get_ref() else { continue };
        let name = written.name.get_ref().trim();
        check_name(&written.name, name, problems);
        let earlier = earlier(config, written, period, named, problems);
        let name = Name::new(name);
        let other = *known.entry(name).or_insert(earlier);
        if earlier.is_some() && other.is_some() && other != earlier {
            problems
                .report(written.name.span(), format!("two comparisons are called `{name}`, and are not of the same time"))
                .help("give one of them another `name`");
        }
    }
    known.into_iter().filter_map(|(name, earlier)| Some((name, earlier?))).collect()
}

/// Reports names that are not known.
pub(crate) fn check_names(asked: &[Spanned<CompareConfig>], earlier: &BTreeMap<Name, Earlier>, problems: &mut Collector) {
    let known = || Baseline::CALENDAR.iter().map(|known| known.as_str()).chain(earlier.keys().map(|name| name.as_str()));
    for written in asked {
        // One that is wrong where it is described was reported there.
        if let CompareConfig::Baseline(Baseline::Named(name)) = written.get_ref()
            && !earlier.contains_key(name)
        {
            let known: Vec<&str> = known().collect();
            problems.report(written.span(), format!("unknown value `{name}`")).help(did_you_mean(name.as_str(), &known));
        }
    }
}

fn check_name(written: &Spanned<String>, name: &str, problems: &mut Collector) {
    if name.is_empty() {
        problems.report(written.span(), "a comparison needs a name").help("outputs call it so: `name = \"last campaign\"`");
    } else if TAKEN.contains(&name) || name.contains('.') || name.chars().any(char::is_control) || !name.starts_with(char::is_alphanumeric)
    {
        problems
            .report(written.span(), format!("a comparison can't be called `{name}`"))
            .help("columns are named by it: take another name, which starts with a letter or a digit and has no point");
    }
}

/// The time that one is of.
fn earlier(
    config: &Spanned<CompareConfig>,
    written: &EarlierConfig,
    period: Option<Period>,
    named: &Named,
    problems: &mut Collector,
) -> Option<Earlier> {
    let name = written.name.get_ref().trim();
    let range = match (&written.from, &written.until) {
        (Some(from), Some(until)) if from.get_ref().0 >= until.get_ref().0 => {
            problems
                .report(until.span(), "the range is empty: `until` is not after `from`")
                .help("`until` is the day after the last one of the range");
            return None;
        }
        (Some(from), Some(until)) => Some((from, Period { from: from.get_ref().0, until: until.get_ref().0 })),
        (Some(only), None) => {
            problems.report(only.span(), "a range needs an end").help("add `until`, the day after its last one");
            return None;
        }
        (None, Some(only)) => {
            problems.report(only.span(), "a range needs a start").help("add `from`, its first day");
            return None;
        }
        (None, None) => None,
    };
    let back = written.back.as_ref().map(|back| *back.get_ref());
    match (range, back, &written.holidays) {
        (Some((_, range)), None, None) => {
            if let Some(period) = period.filter(|period| range.from >= period.from) {
                problems
                    .report(
                        config.span(),
                        format!("`{name}` does not begin before the period of the report, which begins on {}", period.from),
                    )
                    .help("values are compared with earlier ones");
                return None;
            }
            Some(Earlier::Range(range))
        }
        (None, back, Some(list)) => {
            let of = Name::new(list.get_ref());
            if !named.listed.holidays.contains_key(&of) {
                let known: Vec<&str> = named.listed.holidays.keys().map(|name| name.as_str()).collect();
                problems
                    .report(list.span(), format!("there are no holidays `{of}`"))
                    .suggest(list.get_ref(), &known, || format!("list them: `[holidays.{of}]`"));
                return None;
            }
            Some(Earlier::Holidays { of, otherwise: back })
        }
        (None, Some(back), None) => Some(Earlier::Back(back)),
        (None, None, None) => {
            if !problems.has_any_in(&config.span()) {
                problems
                    .report(config.span(), format!("which time `{name}` is, is not said"))
                    .help("give it `from` and `until`, or `back = \"52 weeks\"`, or `holidays`");
            }
            None
        }
        (Some((from, _)), ..) => {
            problems
                .report(from.span(), format!("`{name}` is said to be two times: a range, and another"))
                .help("keep `from` and `until`, or `back` and `holidays`");
            None
        }
    }
}

/// What a request's own comparisons are read by.
pub(crate) struct Comparable<'a> {
    pub(crate) earlier: &'a BTreeMap<Name, Earlier>,
    pub(crate) named: &'a Named,
    pub(crate) grain: Grain,
    /// The size below which groups are hidden.
    pub(crate) least: Option<u64>,
}

impl Comparable<'_> {
    /// What is compared, of what is asked for. What the request itself asks for in vain is a mistake; the wish of the report is for what can be
    /// compared.
    pub(crate) fn read(&self, asked: &[Spanned<CompareConfig>], is_own: bool, problems: &mut Collector) -> Vec<Baseline> {
        let mut compare: Vec<Baseline> = Vec::new();
        for written in asked {
            let baseline = written.get_ref().baseline();
            if compare.contains(&baseline) {
                problems.report(written.span(), format!("`{}` comes twice", baseline.as_str()));
                continue;
            }
            match self.obstacle(baseline) {
                None => compare.push(baseline),
                Some(Obstacle::Unknown) if is_own => check_names(std::slice::from_ref(written), self.earlier, problems),
                Some(Obstacle::Tells(message)) if !problems.has_any_in(&written.span()) => {
                    problems
                        .report(written.span(), message)
                        .help("leave it out, or compare with what is so many of the grain's buckets `back`");
                }
                Some(Obstacle::NoMeaning(message, help)) if is_own => {
                    problems.report(written.span(), message).help(help);
                }
                Some(_) => {}
            }
        }
        compare
    }

    fn obstacle(&self, baseline: Baseline) -> Option<Obstacle> {
        let name = baseline.as_str();
        let of_months = |back: &Last| matches!(back.unit(), Grain::Month | Grain::Quarter | Grain::Year);
        let earlier = match (baseline, self.grain) {
            (Baseline::YearAgo, Grain::Named(grain)) if !self.named.has_year_ago(grain) => {
                let message = format!("which of the periods `{grain}` are a year ago is not said");
                return Some(Obstacle::NoMeaning(message, "give each period the `year_ago` that it is compared with"));
            }
            (Baseline::Previous | Baseline::YearAgo, _) => return None,
            (Baseline::Named(name), _) => match self.earlier.get(&name) {
                Some(earlier) => earlier,
                None => return Some(Obstacle::Unknown),
            },
        };
        let grain = self.grain.as_str();
        match earlier {
            Earlier::Holidays { .. } if self.grain != Grain::Day => {
                let message = format!("holidays are days, and the values that `{name}` is asked of are by {grain}");
                return Some(Obstacle::NoMeaning(message, "give the request `grain = \"day\"`"));
            }
            Earlier::Back(back) if self.grain == Grain::Hour && of_months(back) => {
                let message = format!("an hour of every day is not on the same weekday so many months before, as `{name}` is");
                return Some(Obstacle::NoMeaning(message, "count it in days or weeks: `back = \"52 weeks\"`"));
            }
            _ => {}
        }
        let least = self.least.filter(|least| *least > 1)?;
        let fits = match (earlier, self.grain) {
            (Earlier::Holidays { otherwise, .. }, Grain::Day) => otherwise.as_ref().is_none_or(|back| !of_months(back)),
            (Earlier::Back(back), Grain::Hour | Grain::Day) => !of_months(back),
            (Earlier::Back(back), Grain::Week) => back.unit() == Grain::Week,
            (Earlier::Back(back), Grain::Month) => of_months(back),
            (Earlier::Back(back), Grain::Quarter) => matches!(back.unit(), Grain::Quarter | Grain::Year),
            (Earlier::Back(back), Grain::Year) => back.unit() == Grain::Year,
            _ => false,
        };
        (!fits).then(|| {
            Obstacle::Tells(format!(
                "the time of `{name}` may overlap other buckets, and what one has more than another would tell of the few in between: \
                 `min_group_size` hides groups of fewer than {least}"
            ))
        })
    }
}

/// Why values can't be compared with a time.
enum Obstacle {
    /// There is no such name.
    Unknown,
    /// There is no such time for the grain; and what to do.
    NoMeaning(String, &'static str),
    /// It would tell of groups that are hidden.
    Tells(String),
}
