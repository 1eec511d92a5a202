//! Process limits: what a value does by itself from time to time, so that what is more than that stands out.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The mean range of two independent values of a normal distribution, in standard deviations, as tables of control charts have it.
const D2: f64 = 1.128;

/// What is unusual about a value among those before it: a run rule of the Western Electric Company's "Statistical Quality Control Handbook" (1956).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RunRule {
    /// It lies beyond a limit.
    BeyondLimits,
    /// It is one of two of the last three that lie beyond two thirds of the way to the same limit.
    TwoOfThreeNearALimit,
    /// It is one of four of the last five that lie beyond a third of the way to the same limit.
    FourOfFiveOffCentre,
    /// It is the last of eight or more on the same side of the centre.
    EightOnOneSide,
}

impl RunRule {
    /// All rules, in the handbook's order.
    pub const ALL: [Self; 4] = [Self::BeyondLimits, Self::TwoOfThreeNearALimit, Self::FourOfFiveOffCentre, Self::EightOnOneSide];

    /// The name in outputs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::BeyondLimits => "beyond_limits",
            Self::TwoOfThreeNearALimit => "two_of_three_near_a_limit",
            Self::FourOfFiveOffCentre => "four_of_five_off_centre",
            Self::EightOnOneSide => "eight_on_one_side",
        }
    }

    /// Whether it holds of the last of these distances from the centre, in thirds of the way to a limit.
    fn holds(self, thirds: &[f64]) -> bool {
        let Some(last) = thirds.last() else { return false };
        let (of, at_least, beyond) = match self {
            Self::BeyondLimits => (1, 1, 3.0),
            Self::TwoOfThreeNearALimit => (3, 2, 2.0),
            Self::FourOfFiveOffCentre => (5, 4, 1.0),
            Self::EightOnOneSide => (8, 8, 0.0),
        };
        let is_beyond = |distance: &&f64| **distance * last.signum() > beyond;
        let latest = &thirds[thirds.len().saturating_sub(of)..];
        is_beyond(&last) && latest.iter().filter(is_beyond).count() >= at_least
    }
}

/// The natural process limits of values in the order of their times, and what is unusual about each.
#[derive(Debug, Clone, PartialEq)]
pub struct Process {
    /// What each value is expected to be: the mean, with what its season adds to it.
    pub centres: Vec<f64>,
    /// How far from it the limits lie.
    pub distance: f64,
    /// The rules that each value breaks.
    pub unusual: Vec<Vec<RunRule>>,
}

/// The chart of individual values: limits at three standard deviations, which the mean moving range tells, so 2.66 of these.
///
/// With `seasons`, one of each value, it is the chart of what is left when each season's mean difference from all is taken off. None for fewer than
/// two values, and where they do not vary.
///
/// W. A. Shewhart, "Economic Control of Quality of Manufactured Product" (1931); D. J. Wheeler, "Understanding Variation" (1993), where the limits are
/// called natural process limits, and which takes the seasons off.
pub fn process(values: &[f64], seasons: Option<&[u32]>) -> Option<Process> {
    let mean = |values: &mut dyn Iterator<Item = f64>| {
        let (sum, count) = values.fold((0.0, 0.0), |(sum, count), value| (sum + value, count + 1.0));
        sum / count
    };
    let all = mean(&mut values.iter().copied());
    let mut of_seasons: BTreeMap<u32, Vec<f64>> = BTreeMap::new();
    for (season, value) in seasons.into_iter().flatten().zip(values) {
        of_seasons.entry(*season).or_default().push(*value);
    }
    let effects: BTreeMap<u32, f64> =
        of_seasons.into_iter().map(|(season, values)| (season, mean(&mut values.into_iter()) - all)).collect();
    let effect = |position: usize| seasons.and_then(|seasons| effects.get(seasons.get(position)?)).copied().unwrap_or(0.0);
    let centres: Vec<f64> = (0..values.len()).map(|position| all + effect(position)).collect();
    let left: Vec<f64> = values.iter().zip(&centres).map(|(value, centre)| value - centre).collect();
    let ranges = left.windows(2).map(|pair| (pair[1] - pair[0]).abs());
    let distance = 3.0 * mean(&mut { ranges }) / D2;
    if !distance.is_finite() || distance <= 0.0 {
        return None;
    }
    let thirds: Vec<f64> = left.iter().map(|left| 3.0 * left / distance).collect();
    let broken = |last: usize| RunRule::ALL.into_iter().filter(|rule| rule.holds(&thirds[..=last])).collect();
    let unusual = (0..values.len()).map(broken).collect();
    Some(Process { centres, distance, unusual })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(found: f64, published: f64, digits: f64) {
        assert!((found - published).abs() <= digits / 2.0, "{found} is not {published}");
    }

    #[test]
    fn the_limits_are_those_of_the_handbook_of_nist() {
        // NIST/SEMATECH e-Handbook of Statistical Methods, 6.3.2.2: flow rates of ten batches, of which none is out of control.
        let process = process(&[49.6, 47.6, 49.9, 51.3, 47.8, 51.2, 52.6, 52.4, 53.6, 52.1], None).unwrap();
        close(process.centres[0], 50.81, 0.01);
        close(process.centres[0] + process.distance, 55.8041, 0.0001);
        close(process.centres[0] - process.distance, 45.8159, 0.0001);
        assert!(process.unusual.iter().all(|rules| !rules.contains(&RunRule::BeyondLimits)));
    }

    #[test]
    fn the_limits_are_those_of_wheeler() {
        // D. J. Wheeler, "Understanding Variation", figure 6.7: U.S. trade deficits of the second half of 1988, mean 10.32, mean moving range 0.80,
        // limits by hand 10.32 ± 2.66 · 0.80.
        let process = process(&[10.5, 11.2, 9.2, 10.1, 10.4, 10.5], None).unwrap();
        close(process.centres[0], 10.32, 0.01);
        close(process.distance, 2.66 * 0.80, 0.001);
    }

    #[test]
    fn each_rule_holds_from_the_value_on_that_makes_it_so() {
        let broken = |thirds: &[f64]| -> Vec<RunRule> { RunRule::ALL.into_iter().filter(|rule| rule.holds(thirds)).collect() };
        assert_eq!(broken(&[0.5, -3.1]), [RunRule::BeyondLimits]);
        assert_eq!(broken(&[2.1, 0.0, 2.2]), [RunRule::TwoOfThreeNearALimit]);
        // The other limit, too long ago, and a last one that is near none.
        assert_eq!((broken(&[-2.1, 0.0, 2.2]), broken(&[2.1, 0.0, 0.0, 2.2]), broken(&[2.1, 2.2, 0.5])), (vec![], vec![], vec![]));
        assert_eq!(broken(&[1.1, 1.2, -0.2, 1.3, 1.4]), [RunRule::FourOfFiveOffCentre]);
        assert_eq!(broken(&[0.1; 8]), [RunRule::EightOnOneSide]);
        assert_eq!((broken(&[0.1; 7]), broken(&[-0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1])), (vec![], vec![]));
        // What lies on the centre is on no side.
        assert_eq!(broken(&[0.1, 0.1, 0.1, 0.0, 0.1, 0.1, 0.1, 0.1]), []);
    }

    #[test]
    fn a_season_that_comes_again_is_not_unusual() {
        let noise = [0.3, -0.2, 0.1, -0.4, 0.2, 0.0, -0.1, 0.3, -0.3, 0.1, 0.2, -0.2];
        let seasons: Vec<u32> = (0..36).map(|month| month % 12).collect();
        let month = |position: usize| 100.0 + noise[(position * 7 + position / 12 * 5) % 12] + if position % 12 == 11 { 40.0 } else { 0.0 };
        let mut values: Vec<f64> = (0..36).map(month).collect();
        assert!(process(&values, None).unwrap().unusual[35].contains(&RunRule::BeyondLimits));
        let seasonal = process(&values, Some(&seasons)).unwrap();
        assert!(seasonal.unusual.iter().all(|rules| !rules.contains(&RunRule::BeyondLimits)), "{seasonal:?}");
        assert!(seasonal.centres[35] > 135.0 && seasonal.distance < 2.0, "{seasonal:?}");
        // A December without its 40 is.
        values[35] -= 40.0;
        assert!(process(&values, Some(&seasons)).unwrap().unusual[35].contains(&RunRule::BeyondLimits));
    }

    #[test]
    fn what_does_not_vary_has_no_limits() {
        assert_eq!((process(&[], None), process(&[1.0], None), process(&[2.0, 2.0, 2.0], None)), (None, None, None));
    }
}
