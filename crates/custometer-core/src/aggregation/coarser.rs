//! Groups that unite others, as totals do.

/// Fewer groups that unite others.
pub(super) struct Coarser<'a> {
    pub(super) count: usize,
    /// The one that each of the others is in.
    pub(super) group_of: &'a [u32],
}

impl Coarser<'_> {
    /// What the others have, united.
    pub(super) fn united<T: Clone + Default>(&self, values: &[T], unite: impl Fn(&mut T, &T)) -> Vec<T> {
        let mut united = vec![T::default(); self.count];
        unite_onto(&mut united, values, self.group_of, unite);
        united
    }

    /// What the others have, side by side.
    pub(super) fn gathered<'v, T>(&self, values: &'v [T]) -> Vec<Vec<&'v T>> {
        let mut gathered = vec![Vec::new(); self.count];
        values.iter().zip(self.group_of).for_each(|(value, group)| gathered[*group as usize].push(value));
        gathered
    }
}

/// Unites each of `others` with that of the group that it is in.
pub(super) fn unite_onto<T>(all: &mut [T], others: &[T], group_of: &[u32], unite: impl Fn(&mut T, &T)) {
    others.iter().zip(group_of).for_each(|(other, group)| unite(&mut all[*group as usize], other));
}
