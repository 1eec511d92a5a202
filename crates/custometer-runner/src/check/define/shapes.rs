//! Shapes of values: which formulas over which measures are proportions, means and the like, and have a textbook interval.

use std::collections::BTreeMap;

use custometer_core::statistics::Rate;
use custometer_core::value::Parts;
use custometer_core::{Aggregate, Measure, MeasureRow, Value};
use polars::prelude::{Expr, lit};

use super::aggregates::{Kind, Written, conjuncts, measure, needs, or_zero};
use crate::report::formula::{Formula, Operator};

/// A value that the engine knows, and what its interval has to be multiplied by.
#[derive(Debug, Clone)]
pub(super) struct Shape {
    pub(super) value: Value,
    pub(super) factor: f64,
    /// What it needs beside the definition's own measures.
    pub(super) measures: Vec<Measure>,
}

impl Shape {
    /// The shape of a formula over measures; none where no textbook has an interval for it.
    pub(super) fn of(formula: &Formula, measures: &BTreeMap<&str, &Written>) -> Option<Self> {
        let Quotient { terms, over, .. } = Quotient::of(formula).filter(|quotient| quotient.constant == 0.0)?;
        let written = |name: &str| measures.get(name).copied();
        match (terms.as_slice(), over) {
            ([(factor, of)], None) => Self::alone(*factor, of, written(of)?),
            ([(factor, part)], Some(whole)) => {
                let (of_part, of_whole) = (written(part)?, written(&whole)?);
                proportion(*factor, (part, of_part), (&whole, of_whole))
                    .or_else(|| mean(*factor, (part, of_part), (&whole, of_whole)))
                    .or_else(|| ratio_of_means(*factor, (part, of_part), (&whole, of_whole)))
            }
            ([(factor, plus), (other, minus)], Some(whole)) if (factor + other).abs() < f64::EPSILON => {
                let (plus, minus, factor) = if *factor < 0.0 { (minus, plus, *other) } else { (plus, minus, *factor) };
                difference(factor, written(plus)?, written(minus)?, (&whole, written(&whole)?))
            }
            _ => None,
        }
    }

    fn alone(factor: f64, name: &str, written: &Written) -> Option<Self> {
        match &written.kind {
            Kind::Quantile(..) => Some(Self { value: Value::quantile(name), factor, measures: Vec::new() }),
            Kind::Mean(of) => Some(Self {
                value: Value::mean("__sum", "__count", "__variance"),
                factor,
                measures: vec![
                    measure("__sum", Aggregate::Sum(of.clone()), written.filter.clone()),
                    written.rows("__count"),
                    measure("__variance", Aggregate::Variance(of.clone()), written.filter.clone()),
                ],
            }),
            _ => None,
        }
    }
}

/// The measure of the distinct things that a formula divides by: each of these is an observation, and not each row.
pub(super) fn counted_by(formula: &Formula, measures: &BTreeMap<&str, &Written>) -> Option<String> {
    let whole = Quotient::of(formula)?.over?;
    let counts = matches!(measures.get(whole.as_str())?.kind, Kind::CountDistinct(_));
    counts.then(|| whole.clone())
}

type Named<'a> = (&'a str, &'a Written);

/// Rows of those that are counted, in percent.
fn proportion(factor: f64, (part, of_part): Named<'_>, (whole, of_whole): Named<'_>) -> Option<Shape> {
    is_part_of(of_part, of_whole).then(|| Shape { value: Value::proportion(part, whole), factor: factor / 100.0, measures: Vec::new() })
}

/// Whether both count rows, and the ones of the first are among those of the second.
fn is_part_of(part: &Written, whole: &Written) -> bool {
    let (Kind::Count(_), Kind::Count(of)) = (&part.kind, &whole.kind) else { return false };
    let taking_part = part.taking_part();
    let asked = conjuncts(taking_part.as_ref());
    let is_there = of.as_ref().is_none_or(|of| taking_part.as_ref().is_some_and(|condition| needs(condition, of)));
    is_there && conjuncts(whole.filter.as_ref()).iter().all(|condition| asked.contains(condition))
}

/// A sum divided by the number of its rows.
fn mean(factor: f64, (sum, of_sum): Named<'_>, (count, of_count): Named<'_>) -> Option<Shape> {
    let (Kind::Sum(of), Kind::Count(counted)) = (&of_sum.kind, &of_count.kind) else { return None };
    let of = match counted {
        Some(counted) if counted == of => of.clone(),
        // A row without the number is one that adds nothing.
        None => or_zero(of),
        Some(_) => return None,
    };
    (of_sum.filter == of_count.filter).then(|| Shape {
        value: Value::mean(sum, count, "__variance"),
        factor,
        measures: vec![measure("__variance", Aggregate::Variance(of), of_sum.filter.clone())],
    })
}

/// A sum divided by another sum over the same rows.
fn ratio_of_means(factor: f64, (x, of_x): Named<'_>, (y, of_y): Named<'_>) -> Option<Shape> {
    let (Kind::Sum(number_x), Kind::Sum(number_y)) = (&of_x.kind, &of_y.kind) else { return None };
    let variance = |name: &str, of: Expr| measure(name, Aggregate::Variance(of), of_x.filter.clone());
    let (number_x, number_y) = (or_zero(number_x), or_zero(number_y));
    (of_x.filter == of_y.filter).then(|| Shape {
        value: Value::ratio_of_means(x, y, "__rows", ["__of_x", "__of_y", "__of_both"]),
        factor,
        measures: vec![
            measure("__rows", Aggregate::Count, of_x.filter.clone()),
            variance("__of_x", number_x.clone()),
            variance("__of_y", number_y.clone()),
            variance("__of_both", number_x + number_y),
        ],
    })
}

/// The share of some rows less the share of others. A row that belongs to both adds nothing to the difference.
fn difference(factor: f64, plus: &Written, minus: &Written, (whole, of_whole): Named<'_>) -> Option<Shape> {
    if !is_part_of(plus, of_whole) || !is_part_of(minus, of_whole) {
        return None;
    }
    let less = |these: Option<Expr>, others: Option<Expr>| {
        let others = others.unwrap_or_else(|| lit(true)).fill_null(lit(false));
        these.unwrap_or_else(|| lit(true)).and(others.not())
    };
    let [only_plus, only_minus] = [(plus, minus), (minus, plus)].map(|(these, others)| less(these.taking_part(), others.taking_part()));
    Some(Shape {
        value: Value::difference_of_shares("__plus", "__minus", whole),
        factor: factor / 100.0,
        measures: vec![measure("__plus", Aggregate::Count, Some(only_plus)), measure("__minus", Aggregate::Count, Some(only_minus))],
    })
}

/// A formula as a sum of measures with factors, over one measure.
#[derive(Debug, PartialEq)]
pub(super) struct Quotient {
    terms: Vec<(f64, String)>,
    constant: f64,
    over: Option<String>,
}

impl Quotient {
    /// The measures that it is made of.
    pub(super) fn names(&self) -> Vec<&str> {
        self.terms.iter().map(|(_, name)| name.as_str()).chain(self.over.as_deref()).collect()
    }

    /// What it is the sum or the quotient of; none of a sum with something that is no group's.
    pub(super) fn parts(&self, row: &MeasureRow) -> Option<Parts> {
        let get = |name: &str| row.get(name).unwrap_or(0.0);
        let numerator: f64 = self.terms.iter().map(|(factor, name)| factor * get(name)).sum();
        match &self.over {
            Some(over) => {
                let denominator = get(over);
                Some(Parts::Quotient(Rate { numerator: numerator + self.constant * denominator, denominator }))
            }
            None => (self.constant == 0.0).then_some(Parts::Sum(numerator)),
        }
    }

    pub(super) fn of(formula: &Formula) -> Option<Self> {
        match formula {
            Formula::Number(number) => Some(Self { terms: Vec::new(), constant: *number, over: None }),
            Formula::Name(name) => Some(Self { terms: vec![(1.0, name.clone())], constant: 0.0, over: None }),
            Formula::Negative(inner) => Some(Self::of(inner)?.times(-1.0)),
            Formula::Operation(left, operator, right) => {
                let (left, right) = (Self::of(left)?, Self::of(right)?);
                match operator {
                    Operator::Plus => left.plus(right),
                    Operator::Minus => left.plus(right.times(-1.0)),
                    Operator::Times => match (left.as_number(), right.as_number()) {
                        (Some(number), _) => Some(right.times(number)),
                        (_, Some(number)) => Some(left.times(number)),
                        (None, None) => None,
                    },
                    Operator::Over => match (right.as_number(), right.terms.as_slice()) {
                        (Some(number), _) if number != 0.0 => Some(left.times(1.0 / number)),
                        (None, [(factor, name)])
                            if left.over.is_none() && right.over.is_none() && right.constant == 0.0 && *factor != 0.0 =>
                        {
                            let over = Some(name.clone());
                            Some(Self { over, ..left.times(1.0 / factor) })
                        }
                        _ => None,
                    },
                }
            }
        }
    }

    fn as_number(&self) -> Option<f64> {
        (self.terms.is_empty() && self.over.is_none()).then_some(self.constant)
    }

    fn times(mut self, number: f64) -> Self {
        self.terms.iter_mut().for_each(|(factor, _)| *factor *= number);
        self.constant *= number;
        self
    }

    fn plus(mut self, other: Self) -> Option<Self> {
        if self.over != other.over {
            return None;
        }
        self.terms.extend(other.terms);
        self.constant += other.constant;
        Some(self)
    }
}
