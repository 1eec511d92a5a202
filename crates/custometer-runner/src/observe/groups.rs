//! Groups beside each other at one time: differences, each with its interval and the p-value of none.

use custometer_core::statistics::difference_interval;
use custometer_core::suggest::did_you_mean;

use crate::observe::compare::Side;
use crate::observe::known_group::KnownGroup;
use crate::report::{ComparedGroups, Report, Request};
use crate::result::GroupComparison;
use crate::result::words::{relative, shown};

/// So many groups are named.
const MOST_NAMED: usize = 8;

/// The groups of a breakdown, each beside the one that it is compared with.
pub(crate) struct Beside<'a> {
    compared: &'a ComparedGroups,
    /// The position of the column in the breakdown.
    column: usize,
    /// The position of the group that each one is compared with; none for that group itself, and where it is not there.
    others: Vec<Option<usize>>,
    /// The values of the column.
    values: Vec<String>,
}

impl<'a> Beside<'a> {
    /// None for a breakdown without the column.
    pub(super) fn of(compared: &'a ComparedGroups, breakdown: &[String], groups: &[KnownGroup]) -> Option<Self> {
        let column = breakdown.iter().position(|name| *name == compared.by)?;
        let is_with = |group: &KnownGroup| group.key[column].to_string() == compared.with;
        let alike = |one: &KnownGroup, other: &KnownGroup| {
            one.key.iter().zip(&other.key).enumerate().all(|(position, (one, other))| position == column || one == other)
        };
        let other = |group: &KnownGroup| groups.iter().position(|other| !is_with(group) && is_with(other) && alike(group, other));
        let mut values: Vec<String> = groups.iter().map(|group| group.key[column].to_string()).collect();
        values.sort();
        values.dedup();
        Some(Self { compared, column, others: groups.iter().map(other).collect(), values })
    }

    /// The position of the group that a group is compared with.
    pub(super) fn other(&self, group: usize) -> Option<usize> {
        self.others[group]
    }

    /// What is to be said of the groups. `shared` is how many entities are in several of them.
    pub(super) fn notes(&self, shared: Option<&u64>, report: &Report, request: &Request) -> impl Iterator<Item = String> {
        let ComparedGroups { by, with } = self.compared;
        let tells = !request.is_id(by);
        let missing = (!self.values.is_empty() && !self.values.contains(with)).then(|| {
            let near = did_you_mean(with, self.values.iter().map(String::as_str)).filter(|_| tells);
            let named: Vec<String> = self.values.iter().take(MOST_NAMED).map(|value| format!("`{value}`")).collect();
            let there_are = if tells { format!("; there are {}", named.join(", ")) } else { String::new() };
            let near = near.map(|near| format!(": {near}")).unwrap_or_default();
            format!("no group of `{by}` is `{with}`, with which the others are to be compared{there_are}{near}")
        });
        let least = report.min_group_size.unwrap_or(0);
        let shared = shared.filter(|shared| **shared > 0).map(|shared| {
            let many = if *shared < least { "some".to_owned() } else { shared.to_string() };
            let entity = request.definition.derivation.as_ref().map_or("", |derivation| request.column(derivation.entity()));
            format!("{many} of `{entity}` are in several groups of `{by}`, and the tests take groups for independent ones")
        });
        missing.into_iter().chain(shared)
    }

    /// The difference of an observation from that of the group that it is compared with.
    pub(super) fn comparison(
        &self,
        request: &Request,
        groups: &[KnownGroup],
        other: usize,
        here: &Side<'_>,
        there: &Side<'_>,
    ) -> GroupComparison {
        let [of_here, of_there] = [here, there].map(|side| side.observation.map(|observed| observed.estimate));
        let value = of_there.and_then(|estimate| estimate.value);
        let difference = of_here.and_then(|estimate| estimate.value).zip(value).map(|(here, there)| here - there);
        let interval = of_here.zip(of_there).and_then(|(here, there)| {
            let with_ends = |value: Option<f64>, ends: Option<(f64, f64)>| value.zip(ends).map(|(value, (low, high))| (value, low, high));
            difference_interval(with_ends(here.value, here.interval)?, with_ends(there.value, there.interval)?)
        });
        let p_value = match (here.observation, there.observation) {
            (Some(observation), Some(_)) if difference.is_some() => {
                request.definition.value.p_value(&observation.dimensions, &here.group, &there.group)
            }
            _ => None,
        };
        GroupComparison {
            by: self.compared.by.clone(),
            with: groups[other].shown[self.column].clone(),
            value: shown(value),
            difference: shown(difference),
            low: shown(interval.map(|(low, _)| low)),
            high: shown(interval.map(|(_, high)| high)),
            relative_difference: shown(difference.zip(value).and_then(|(difference, value)| relative(difference, value, request.unit()))),
            p_value: shown(p_value),
            significant: None,
        }
    }
}
