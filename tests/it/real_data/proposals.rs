//! What `inspect` proposes for each real file, run as it is pasted.

use std::fs;

use super::shared;
use crate::reading::inspect::pasted_everything;

/// By DuckDB over the file, without the rows that the metric's documentation rejects: what some of the proposals have to give.
const KNOWN: &[(&str, &[(&str, f64)])] = &[];

#[test]
#[cfg_attr(not(data = "cdnow"), ignore = "there is no ../shared/data")]
fn the_block_of_every_file_runs_and_gives_what_is_known() {
    for set in ["cdnow", "recharge", "sfo_survey", "shopify", "stripe", "telco_churn", "web_log", "zendesk"] {
        let mut files: Vec<_> = fs::read_dir(shared(set)).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.retain(|path| path.extension().is_some_and(|extension| extension == "csv" || extension == "log"));
        files.sort();
        for path in files {
            let name = format!("{set}/{}", path.file_name().unwrap().to_str().unwrap());
            let known = KNOWN.iter().find(|(file, _)| *file == name).map_or(&[][..], |(_, known)| known);
            pasted_everything(path.to_str().unwrap(), known);
        }
    }
}
