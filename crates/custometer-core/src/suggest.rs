//! "Did you mean": the nearest known name to one that is not known.

/// The candidate nearest to `name`, when one is near enough to be a plausible slip.
///
/// ```
/// use custometer_core::suggest::nearest;
/// assert_eq!(nearest("loyalty.npss", ["loyalty.nps", "support.csat"]), Some("loyalty.nps"));
/// assert_eq!(nearest("zebra", ["loyalty.nps", "support.csat"]), None);
/// ```
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = name.to_lowercase();
    candidates
        .into_iter()
        .map(|candidate| {
            let known = candidate.to_lowercase();
            // `nps` for `loyalty.nps`: the last part alone is a common slip.
            let tail = known.rsplit('.').next().unwrap_or(&known);
            let score = strsim::jaro_winkler(&wanted, &known).max(if tail == wanted { 0.99 } else { 0.0 });
            (score, candidate)
        })
        .filter(|(score, _)| *score >= 0.82)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}
/// What to say of a name that nothing has, where a known one is near.
pub fn did_you_mean<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    nearest(name, known).map(|near| format!("did you mean `{near}`?"))
}
