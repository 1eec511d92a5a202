//! Groups that unite others: as totals do, or as windows do, which overlap.

use std::ops::Range;

use crate::parallel;

/// A window of buckets, by the state's own numbers of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// What its bucket is called in the finished table.
    pub number: i64,
    /// The first bucket in it.
    pub from: i64,
    /// The bucket after the last.
    pub until: i64,
}

/// Fewer groups that unite others.
///
/// Others of equal keys are on a line. A line is one group, or has one for each span: those of its others whose bucket is in the span.
pub(super) struct Coarser<'a> {
    lines: usize,
    /// The line of each of the others.
    line_of: Vec<u32>,
    spans: Option<Spanned<'a>>,
}

struct Spanned<'a> {
    /// In the order of both their ends.
    spans: &'a [Span],
    /// The bucket of each of the others.
    buckets: &'a [i64],
    /// The others by line and bucket.
    order: Vec<u32>,
    /// Where each line begins there, and where the last one ends.
    bounds: Vec<usize>,
}

impl<'a> Coarser<'a> {
    /// Lines as they are.
    pub(super) fn new(lines: usize, line_of: Vec<u32>) -> Self {
        Self { lines, line_of, spans: None }
    }

    /// Spans of lines. They are in the order of both their ends.
    pub(super) fn with_spans(self, spans: &'a [Span], buckets: &'a [i64]) -> Self {
        let line = |other: u32| self.line_of[other as usize];
        let mut order: Vec<u32> = (0..).zip(&self.line_of).map(|(other, _)| other).collect();
        order.sort_by_key(|other| (line(*other), buckets[*other as usize]));
        let start = |number: usize| order.partition_point(|other| (line(*other) as usize) < number);
        let bounds = (0..=self.lines).map(start).collect();
        Self { spans: Some(Spanned { spans, buckets, order, bounds }), ..self }
    }

    /// How many groups there are.
    pub(super) fn len(&self) -> usize {
        self.lines * self.spans_of_a_line()
    }

    fn spans_of_a_line(&self) -> usize {
        self.spans.as_ref().map_or(1, |spanned| spanned.spans.len())
    }

    pub(super) fn lines(&self) -> usize {
        self.lines
    }

    /// The line of one of the others.
    pub(super) fn line(&self, other: usize) -> usize {
        self.line_of[other] as usize
    }

    /// The groups that one of the others is in, one after the other.
    pub(super) fn groups_of(&self, other: usize) -> Range<usize> {
        let line = self.line(other);
        let Some(Spanned { spans, buckets, .. }) = &self.spans else { return line..line + 1 };
        let bucket = buckets[other];
        let first = spans.partition_point(|span| span.until <= bucket);
        let last = spans.partition_point(|span| span.from <= bucket);
        line * spans.len() + first..line * spans.len() + last.max(first)
    }

    /// What the others have, united. Along a line, each is united with others a few times, however many spans it is in.
    pub(super) fn united<T: Clone + Default>(&self, values: &[T], unite: impl Fn(&mut T, &T)) -> Vec<T> {
        let mut united = vec![T::default(); self.len()];
        let Some(Spanned { spans, buckets, order, bounds }) = &self.spans else {
            unite_onto(&mut united, values, &self.line_of, unite);
            return united;
        };
        for (line, bounds) in bounds.windows(2).enumerate() {
            let others = &order[bounds[0]..bounds[1]];
            // What is in the span: those up to `middle`, each united with those that come after it, and the rest in one.
            let (mut first, mut middle, mut next) = (0, 0, 0);
            let (mut ahead, mut rest): (Vec<T>, T) = (Vec::new(), T::default());
            for (number, span) in spans.iter().enumerate() {
                let ends = |limit: i64| others.partition_point(|other| buckets[*other as usize] < limit);
                let (from, until) = (ends(span.from), ends(span.until).max(ends(span.from)));
                while next < until {
                    unite(&mut rest, &values[others[next] as usize]);
                    next += 1;
                }
                if from >= middle {
                    ahead.clear();
                    let mut after = T::default();
                    for other in others[from..next].iter().rev() {
                        unite(&mut after, &values[*other as usize]);
                        ahead.push(after.clone());
                    }
                    (first, middle, rest) = (from, next, T::default());
                }
                ahead.truncate(ahead.len() - (from - first));
                first = from;
                let of_span = &mut united[line * spans.len() + number];
                if let Some(ahead) = ahead.last() {
                    unite(of_span, ahead);
                }
                unite(of_span, &rest);
            }
        }
        united
    }

    /// Makes something of what the others in each group have, side by side; on all cores.
    pub(super) fn gathered<T: Sync, R: Send>(&self, values: &[T], make: impl Fn(usize, Vec<&T>) -> R + Sync) -> Vec<R> {
        let Some(Spanned { spans, buckets, order, bounds }) = &self.spans else {
            let mut gathered = vec![Vec::new(); self.lines];
            values.iter().zip(&self.line_of).for_each(|(value, line)| gathered[*line as usize].push(value));
            return gathered.into_iter().enumerate().map(|(group, values)| make(group, values)).collect();
        };
        let groups: Vec<(usize, usize)> = (0..self.lines).flat_map(|line| (0..spans.len()).map(move |span| (line, span))).collect();
        let made = parallel::fold(groups, Vec::new, |made, (line, number)| {
            let others = &order[bounds[line]..bounds[line + 1]];
            let ends = |limit: i64| others.partition_point(|other| buckets[*other as usize] < limit);
            let (from, until) = (ends(spans[number].from), ends(spans[number].until));
            let others = others.get(from..until).unwrap_or_default();
            let group = line * spans.len() + number;
            made.push((group, make(group, others.iter().map(|other| &values[*other as usize]).collect())));
        });
        let mut made: Vec<(usize, R)> = made.into_iter().flatten().collect();
        made.sort_by_key(|(group, _)| *group);
        made.into_iter().map(|(_, made)| made).collect()
    }
}

/// Unites each of `others` with that of the group that it is in.
pub(super) fn unite_onto<T>(all: &mut [T], others: &[T], group_of: &[u32], unite: impl Fn(&mut T, &T)) {
    others.iter().zip(group_of).for_each(|(other, group)| unite(&mut all[*group as usize], other));
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::{Strategy, proptest};

    use super::*;

    /// Spans in the order of both their ends, some of them empty.
    fn spans() -> impl Strategy<Value = Vec<Span>> {
        vec((0_i64..6, 0_i64..6), 1..8).prop_map(|steps| {
            let (mut from, mut until) = (-1, -1);
            let span = |(number, (more, longer)): (i64, (i64, i64))| {
                (from, until) = (from + more / 2, (until + longer / 2).max(from + more / 2));
                Span { number, from, until }
            };
            (0..).zip(steps).map(span).collect()
        })
    }

    proptest! {
        #[test]
        fn a_span_of_a_line_unites_what_is_in_it(spans in spans(), others in vec((0_u32..3, -1_i64..12), 0..30)) {
            let (line_of, buckets): (Vec<u32>, Vec<i64>) = others.iter().copied().unzip();
            let coarser = Coarser::new(3, line_of).with_spans(&spans, &buckets);
            let values: Vec<Vec<usize>> = (0..others.len()).map(|other| vec![other]).collect();
            let mut united = coarser.united(&values, |all, other| all.extend(other));
            let mut gathered = coarser.gathered(&values, |_, values| values.into_iter().flatten().copied().collect::<Vec<_>>());
            let groups: Vec<Range<usize>> = (0..others.len()).map(|other| coarser.groups_of(other)).collect();
            for line in 0..3_u32 {
                for (number, span) in spans.iter().enumerate() {
                    let group = line as usize * spans.len() + number;
                    let is_in = |(of, bucket): &(u32, i64)| *of == line && (span.from..span.until).contains(bucket);
                    let expected: Vec<usize> = (0..others.len()).filter(|other| is_in(&others[*other])).collect();
                    united[group].sort_unstable();
                    gathered[group].sort_unstable();
                    assert_eq!(united[group], expected, "{span:?} of {line}");
                    assert_eq!(gathered[group], expected, "{span:?} of {line}");
                    let in_group: Vec<usize> = (0..others.len()).filter(|other| groups[*other].contains(&group)).collect();
                    assert_eq!(in_group, expected, "{span:?} of {line}");
                }
            }
        }
    }
}
