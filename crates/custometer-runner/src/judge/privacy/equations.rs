//! What equations over counts tell of each of them.

use std::collections::{BTreeMap, BTreeSet};

use microlp::{ComparisonOp, OptimizationDirection, Problem, Variable};

/// A count that a reader does not see.
#[derive(Debug, Clone, Copy)]
pub(super) struct Unknown {
    /// What a reader knows it to be at least.
    pub(super) at_least: f64,
    /// Values that it is known to be able to have, from the least to the largest: what it is, and what solutions showed.
    pub(super) seen: (f64, f64),
    /// Whether it must not be known closely.
    pub(super) guarded: bool,
}

/// Unknown counts with their factors, which add up to a number that a reader knows.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Equation {
    pub(super) terms: Vec<(usize, f64)>,
    pub(super) sum: f64,
}

/// Counts that equations tie to each other.
struct Piece<'a> {
    unknowns: BTreeSet<usize>,
    equations: Vec<&'a Equation>,
}

/// More unknown counts than this that all hang together are not solved: it would take minutes.
const MOST: usize = 1_000;

/// The guarded ones that can have fewer than `sizes` whole values, and whether all pieces were solved.
///
/// The bounds are those of real numbers, which are those of whole ones where the counts make a table of two ways.
pub(super) fn told(unknowns: &mut [Unknown], equations: &[Equation], sizes: f64) -> (Vec<usize>, bool) {
    let (solved, left): (Vec<_>, Vec<_>) = pieces(unknowns.len(), equations).into_iter().partition(|piece| piece.unknowns.len() <= MOST);
    (solved.iter().flat_map(|piece| piece.told(unknowns, sizes)).collect(), left.is_empty())
}

/// The equations in pieces that have no unknown in common.
fn pieces(unknowns: usize, equations: &[Equation]) -> Vec<Piece<'_>> {
    let mut parent: Vec<usize> = (0..unknowns).collect();
    for equation in equations {
        for pair in equation.terms.windows(2) {
            let (one, other) = (root(&mut parent, pair[0].0), root(&mut parent, pair[1].0));
            parent[one] = other;
        }
    }
    let mut pieces: BTreeMap<usize, Piece<'_>> = BTreeMap::new();
    for equation in equations {
        let Some((first, _)) = equation.terms.first() else { continue };
        let piece = pieces.entry(root(&mut parent, *first)).or_insert_with(|| Piece { unknowns: BTreeSet::new(), equations: Vec::new() });
        piece.unknowns.extend(equation.terms.iter().map(|(unknown, _)| *unknown));
        piece.equations.push(equation);
    }
    pieces.into_values().collect()
}

fn root(parent: &mut [usize], of: usize) -> usize {
    let mut at = of;
    while parent[at] != at {
        parent[at] = parent[parent[at]];
        at = parent[at];
    }
    at
}

impl Piece<'_> {
    fn told(&self, unknowns: &mut [Unknown], sizes: f64) -> Vec<usize> {
        let is_open = |unknown: &Unknown| unknown.guarded && !is_wide(unknown.seen, sizes);
        self.stretch(unknowns, sizes);
        let mut told = Vec::new();
        for &of in &self.unknowns {
            for direction in [OptimizationDirection::Maximize, OptimizationDirection::Minimize] {
                if is_open(&unknowns[of]) && !self.solve(unknowns, direction, |unknown| if unknown == of { 1.0 } else { 0.0 }) {
                    break;
                }
            }
            if is_open(&unknowns[of]) {
                told.push(of);
            }
        }
        told
    }

    /// Looks for solutions in which many unknowns are far from what they are, so that few have to be asked for by themselves.
    fn stretch(&self, unknowns: &mut [Unknown], sizes: f64) {
        const ROUNDS: u64 = 12;
        const FEW: usize = 4;
        for round in 0..ROUNDS {
            let open: BTreeSet<usize> =
                self.unknowns.iter().copied().filter(|&of| unknowns[of].guarded && !is_wide(unknowns[of].seen, sizes)).collect();
            if open.len() <= FEW {
                break;
            }
            let factor = |unknown: usize| {
                if !open.contains(&unknown) {
                    0.0
                } else if scattered(unknown as u64, round) {
                    1.0
                } else {
                    -1.0
                }
            };
            if !self.solve(unknowns, OptimizationDirection::Maximize, factor) {
                break;
            }
        }
    }

    /// Finds a solution in which the sum of all unknowns times their factors is as large or as small as it can be, and notes the values
    /// in it. Whether there was any.
    fn solve(&self, unknowns: &mut [Unknown], direction: OptimizationDirection, factor: impl Fn(usize) -> f64) -> bool {
        let mut problem = Problem::new(direction);
        let variable = |&unknown: &usize| {
            // No bound is as good as one beyond what matters, and every problem has a solution then.
            let most = 1e6 + 2.0 * unknowns[unknown].seen.1;
            (unknown, problem.add_var(factor(unknown), (unknowns[unknown].at_least, most)))
        };
        let variables: BTreeMap<usize, Variable> = self.unknowns.iter().map(variable).collect();
        for equation in &self.equations {
            let terms: Vec<(Variable, f64)> = equation.terms.iter().map(|(unknown, factor)| (variables[unknown], *factor)).collect();
            problem.add_constraint(&terms, ComparisonOp::Eq, equation.sum);
        }
        let Some(solution) = problem.solve().ok().and_then(|outcome| outcome.into_solution().ok()) else { return false };
        for (unknown, variable) in variables {
            let (value, (low, high)) = (solution.var_value(variable), unknowns[unknown].seen);
            unknowns[unknown].seen = (low.min(value), high.max(value));
        }
        true
    }
}

/// A coin for each pair of numbers, always the same.
fn scattered(one: u64, other: u64) -> bool {
    let mixed = (one ^ other.rotate_left(32)).wrapping_add(0x9e37_79b9_7f4a_7c15).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (mixed ^ (mixed >> 29)).wrapping_mul(0x94d0_49bb_1331_11eb) >> 63 == 1
}

/// Whether as many whole numbers are between two ends.
fn is_wide((low, high): (f64, f64), sizes: f64) -> bool {
    const ROUNDING: f64 = 1e-6;
    (high + ROUNDING).floor() - (low - ROUNDING).ceil() + 1.0 >= sizes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unknowns(values: &[f64]) -> Vec<Unknown> {
        values.iter().map(|&value| Unknown { at_least: 1.0, seen: (value, value), guarded: true }).collect()
    }

    fn sum(terms: &[usize], sum: f64) -> Equation {
        Equation { terms: terms.iter().map(|&unknown| (unknown, 1.0)).collect(), sum }
    }

    #[test]
    fn two_that_add_up_have_all_sizes_but_the_others_least() {
        // Of 7 together, each has from one to six.
        let equations = [sum(&[0, 1], 7.0)];
        assert_eq!(told(&mut unknowns(&[3.0, 4.0]), &equations, 6.0).0, [0; 0]);
        assert_eq!(told(&mut unknowns(&[3.0, 4.0]), &equations, 7.0).0, [0, 1]);
        let mut one_guarded = unknowns(&[3.0, 4.0]);
        one_guarded[0].guarded = false;
        assert_eq!(told(&mut one_guarded, &equations, 7.0).0, [1]);
    }

    #[test]
    fn several_sums_together_tell_what_none_tells_alone() {
        // a + b = 12, b + c = 12, c + a = 12: each is 6, though each sum leaves 11 sizes.
        let equations = [sum(&[0, 1], 12.0), sum(&[1, 2], 12.0), sum(&[2, 0], 12.0)];
        assert_eq!(told(&mut unknowns(&[6.0, 6.0, 6.0]), &equations, 2.0).0, [0, 1, 2]);
        assert_eq!(told(&mut unknowns(&[6.0, 6.0, 6.0]), &equations, 1.0).0, [0; 0]);
    }

    #[test]
    fn pieces_that_share_nothing_are_told_apart() {
        let equations = [sum(&[0, 1], 4.0), sum(&[2, 3], 40.0), sum(&[4, 5], 3.0)];
        assert_eq!(told(&mut unknowns(&[1.0, 3.0, 15.0, 25.0, 1.0, 2.0]), &equations, 5.0).0, [0, 1, 4, 5]);
        // What no equation bounds has any size.
        let open = [Equation { terms: vec![(0, 1.0), (1, -1.0)], sum: 0.0 }];
        assert_eq!(told(&mut unknowns(&[3.0, 3.0]), &open, 1e5).0, [0; 0]);
    }

    #[test]
    fn that_too_many_hang_together_is_said() {
        let together = |count: usize| [sum(&(0..count).collect::<Vec<_>>(), 3.0 * count as f64)];
        assert_eq!(told(&mut unknowns(&[3.0; 8]), &together(8), 2.0), (Vec::new(), true));
        assert_eq!(told(&mut unknowns(&[3.0; MOST + 1]), &together(MOST + 1), 1e9), (Vec::new(), false));
    }

    #[test]
    fn many_that_hang_together_are_seen_in_few_solutions() {
        // A table of 12 × 12 whose margins are known: every cell of 10 may be from 1 to 100 or so.
        let rows = (0..12).map(|row| sum(&(0..12).map(|column| 12 * row + column).collect::<Vec<_>>(), 120.0));
        let columns = (0..12).map(|column| sum(&(0..12).map(|row| 12 * row + column).collect::<Vec<_>>(), 120.0));
        let equations: Vec<Equation> = rows.chain(columns).collect();
        let mut cells = unknowns(&[10.0; 144]);
        assert_eq!(told(&mut cells, &equations, 20.0).0, [0; 0]);
        assert_eq!(told(&mut unknowns(&[10.0; 144]), &equations, 1_000.0).0.len(), 144);
    }
}
