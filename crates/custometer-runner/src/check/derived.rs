//! `[derived]`: results that are calculated from those of requests.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use custometer_core::{Direction, Grain, Unit};
use schemars::JsonSchema;
use serde::Deserialize;
use toml::Spanned;

use crate::check::formula;
use crate::check::goals::{self, BenchmarkConfig, TargetConfig};
use crate::config::diagnostics::Collector;
use crate::config::section::{Listed, Named};
use crate::report::Request;
use crate::report::calculated::{Calculated, Form, Parts};
use crate::report::formula::{Formula, Quotient};

/// A result that is calculated from those of requests.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DerivedConfig {
    /// What its rows are: names of requests, or of other derived results, with `+`, `-`, `*`, `/`, numbers and brackets. Rows of the same
    /// bucket and group are taken together. What is divided by zero is undefined, and so is what is made of something undefined.
    #[schemars(with = "String")]
    pub value: Spanned<String>,
    /// The unit of the values.
    pub unit: Unit,
    /// Which change of them is good news; neither unless said.
    #[serde(default = "neutral")]
    pub direction: Direction,
    /// How the parts of a quotient such as `100 * a / b` vary together, which its interval has to know. `independent`: they have no
    /// observations in common, such as tickets and subscriptions. `subset`: `a` counts some of what `b` counts. Without it there is no
    /// interval.
    #[schemars(with = "Option<Parts>")]
    pub parts: Option<Spanned<Parts>>,
    /// What a reader must know of it; stands beside its values.
    pub summary: Option<String>,
    /// What its values are to be.
    #[schemars(with = "Option<TargetConfig>")]
    pub target: Option<Spanned<TargetConfig>>,
    /// A value from elsewhere that its values are compared with.
    pub benchmark: Option<BenchmarkConfig>,
}

fn neutral() -> Direction {
    Direction::Neutral
}

/// What is derived, in an order in which it can be computed.
pub(crate) struct Reading<'a> {
    /// All requests by their names; none for one that is wrong.
    pub(crate) requests: BTreeMap<&'a str, Option<&'a Request>>,
    pub(crate) has_period: bool,
}

impl Reading<'_> {
    /// Reads what a config derives, and reports everything that is wrong with it.
    pub(crate) fn read(&self, config: &Named<DerivedConfig>, problems: &mut Collector) -> Vec<Calculated> {
        let names: BTreeSet<&str> = config.iter().map(|(name, _)| name.get_ref().as_str()).collect();
        let mut waiting = Vec::new();
        for (position, (name, derived)) in config.iter().enumerate() {
            if self.requests.contains_key(name.get_ref().as_str()) {
                problems
                    .report(name.span(), format!("a request is called `{}`, too", name.get_ref()))
                    .help("give one of them another name");
            }
            let Some(config) = derived else { continue };
            let Some(formula) = self.formula(config, &names, problems) else { continue };
            waiting.push((position, name, config, formula));
        }
        let mut done: BTreeMap<&str, Calculated> = BTreeMap::new();
        let mut ordered = Vec::new();
        loop {
            let is_waiting: BTreeSet<&str> = waiting.iter().map(|(_, name, ..)| name.get_ref().as_str()).collect();
            let is_ready = |(.., formula): &(usize, &Spanned<String>, &DerivedConfig, formula::Written)| {
                !formula.names.iter().any(|(name, _)| is_waiting.contains(name.as_str()))
            };
            let (now, later): (Vec<_>, Vec<_>) = waiting.into_iter().partition(is_ready);
            if now.is_empty() {
                circles(&later, problems);
                break;
            }
            for (position, name, config, formula) in now {
                if let Some(form) = self.form(&formula.names, &done, problems) {
                    let mut inputs: Vec<String> = Vec::new();
                    for (name, _) in formula.names {
                        if !inputs.contains(&name) {
                            inputs.push(name);
                        }
                    }
                    let quotient = config.parts.as_ref().map(|parts| self.quotient(parts, &formula.formula, &done, problems));
                    let mut derived = Calculated {
                        name: name.get_ref().clone(),
                        written: config.value.get_ref().clone(),
                        unit: config.unit,
                        direction: config.direction,
                        summary: config.summary.clone(),
                        formula: formula.formula,
                        inputs,
                        quotient: quotient.flatten(),
                        form,
                        target: None,
                        benchmark: config.benchmark.as_ref().map(goals::benchmark),
                        position,
                    };
                    derived.target = config.target.as_ref().map(|target| goals::read(target, &derived.judged(), problems));
                    done.insert(name.get_ref(), derived.clone());
                    ordered.push(derived);
                }
            }
            waiting = later;
        }
        ordered
    }

    /// A formula whose names are all known.
    fn formula(&self, config: &DerivedConfig, derived: &BTreeSet<&str>, problems: &mut Collector) -> Option<formula::Written> {
        let formula = formula::parse(&config.value, problems)?;
        let known: BTreeSet<&str> = self.requests.keys().copied().chain(derived.iter().copied()).collect();
        let known: Vec<&str> = known.into_iter().collect();
        let mut is_known = true;
        for (name, place) in &formula.names {
            if !known.contains(&name.as_str()) {
                problems
                    .report(place.clone(), format!("there is no request `{name}`"))
                    .suggest(name, &known, || format!("there is {}", Listed(&known)));
                is_known = false;
            }
        }
        if formula.names.is_empty() {
            problems.report(config.value.span(), "the value names no request, and would always be the same");
            is_known = false;
        }
        is_known.then_some(formula)
    }

    /// What intervals are made of.
    fn quotient(
        &self,
        parts: &Spanned<Parts>,
        formula: &Formula,
        done: &BTreeMap<&str, Calculated>,
        problems: &mut Collector,
    ) -> Option<(Quotient, Parts)> {
        let Some(quotient) = formula.quotient() else {
            problems
                .report(parts.span(), "`parts` are those of a quotient of two results, and the value is none")
                .help("write the value as `a / b`, times a number, or leave `parts` out");
            return None;
        };
        let unit = |name: &str| match self.requests.get(name) {
            Some(request) => request.map(Request::unit),
            None => done.get(name).map(|derived| derived.unit),
        };
        if *parts.get_ref() == Parts::Subset {
            for name in [&quotient.of, &quotient.to] {
                if let Some(other) = unit(name).filter(|unit| *unit != Unit::Count) {
                    problems
                        .report(parts.span(), format!("`{name}` is in {}, and a subset is counted", other.as_str()))
                        .help("divide counts, such as two requests of one count with different `where`, or leave `parts` out");
                    return None;
                }
            }
        }
        Some((quotient, *parts.get_ref()))
    }

    /// The rows of a result that is made of these. None where their rows do not match, or where one of them is wrong itself.
    fn form(&self, names: &[(String, Range<usize>)], done: &BTreeMap<&str, Calculated>, problems: &mut Collector) -> Option<Form> {
        let form = |name: &str| match self.requests.get(name) {
            Some(request) => request.map(|request| Form::of(request, self.has_period)),
            None => done.get(name).map(|derived| derived.form.clone()),
        };
        let mut forms = Vec::new();
        for (name, place) in names {
            forms.push((name, place, form(name)?));
        }
        let ((first_name, _, first), others) = forms.split_first()?;
        let mut of_all = first.clone();
        for (name, place, other) in others {
            if let Some((message, help)) = other.differs(name, first, first_name) {
                problems.report((*place).clone(), message).help(help);
                return None;
            }
            of_all.no_limits = of_all.no_limits.or(other.no_limits);
            of_all.compare.retain(|baseline| other.compare.contains(baseline));
        }
        Some(of_all)
    }
}

/// Reports derived results that are made of themselves.
fn circles(waiting: &[(usize, &Spanned<String>, &DerivedConfig, formula::Written)], problems: &mut Collector) {
    let uses: BTreeMap<&str, Vec<&str>> = waiting
        .iter()
        .map(|(_, name, _, formula)| (name.get_ref().as_str(), formula.names.iter().map(|(name, _)| name.as_str()).collect()))
        .collect();
    for (_, name, _, formula) in waiting {
        for (used, place) in &formula.names {
            let mut reached: BTreeSet<&str> = BTreeSet::new();
            let mut next = vec![used.as_str()];
            while let Some(at) = next.pop() {
                if reached.insert(at) {
                    next.extend(uses.get(at).into_iter().flatten().copied());
                }
            }
            if reached.contains(name.get_ref().as_str()) {
                let round = if used == name.get_ref() { String::new() } else { format!(", and `{used}` is made of it") };
                problems
                    .report(place.clone(), format!("`{}` is made of `{used}`{round}", name.get_ref()))
                    .help("derived results may use each other, but not in a circle");
                break;
            }
        }
    }
}

impl Form {
    fn of(request: &Request, has_period: bool) -> Self {
        Self {
            grain: request.grain,
            is_timeless: !has_period && request.is_timeless_without_period(),
            by: request.by.clone(),
            own: request.definition.dimensions(),
            compare: request.compare.clone(),
            no_limits: request.no_limits(),
        }
    }

    /// A breakdown of another that this one lacks.
    fn lacks<'a>(&self, other: &'a Self) -> Option<BTreeSet<&'a String>> {
        let there = self.breakdowns();
        other.breakdowns().into_iter().find(|wanted| !there.contains(wanted))
    }

    /// Why the rows of two results do not match, and what to do about it.
    fn differs(&self, name: &str, other: &Self, other_name: &str) -> Option<(String, String)> {
        let by = |by: &BTreeSet<&String>| {
            let columns: Vec<String> = by.iter().map(|column| format!("`{column}`")).collect();
            columns.join(" and ")
        };
        if self.grain != other.grain {
            let by = |grain: Grain| if grain == Grain::Total { "of the whole period".to_owned() } else { format!("by {}", grain.as_str()) };
            let message = format!("`{name}` is {}, and `{other_name}` is {}", by(self.grain), by(other.grain));
            return Some((message, "give both one `grain`".to_owned()));
        }
        if self.is_timeless != other.is_timeless {
            let [with, without] = if self.is_timeless { [other_name, name] } else { [name, other_name] };
            return Some((
                format!("`{with}` is placed in time, and `{without}` is not"),
                "give the report a period: `from` and `until`".to_owned(),
            ));
        }
        let lacking = [(name, self, other_name, other), (other_name, other, name, self)];
        for (lacks, form, has, whose) in lacking {
            if let Some(wanted) = form.lacks(whose) {
                return Some(if wanted.is_empty() {
                    (format!("`{lacks}` has no total, and `{has}` has one"), format!("add `[]` to the `by` of `{lacks}`"))
                } else {
                    let wanted = by(&wanted);
                    (
                        format!("`{lacks}` is not broken down by {wanted}, and `{has}` is"),
                        "rows are matched by their groups: give both the same `by`".to_owned(),
                    )
                });
            }
        }
        let [own, others]: [BTreeSet<&String>; 2] = [self, other].map(|form| form.own.iter().collect());
        (own != others).then(|| {
            let dimension = by(&own.symmetric_difference(&others).copied().collect());
            (
                format!("{dimension} is a dimension of one of `{name}` and `{other_name}` only"),
                "derive from results of like rows".to_owned(),
            )
        })
    }
}
