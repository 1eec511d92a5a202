//! Keys and region of a profile, from the two files in which Amazon's own programs keep them.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::PathBuf;

/// What a profile says, by key.
pub(super) fn settings() -> BTreeMap<String, String> {
    let home = env::var_os("HOME").or_else(|| env::var_os("USERPROFILE")).map(PathBuf::from);
    let file = |variable: &str, name: &str| {
        let path = env::var_os(variable).map(PathBuf::from).or_else(|| Some(home.as_ref()?.join(".aws").join(name)))?;
        fs::read_to_string(path).ok()
    };
    let profile = env::var("AWS_PROFILE").unwrap_or_else(|_| "default".to_owned());
    let mut settings = BTreeMap::new();
    // The keys of one win over those of the other, and stand under other headings.
    for (text, prefix) in [(file("AWS_CONFIG_FILE", "config"), "profile "), (file("AWS_SHARED_CREDENTIALS_FILE", "credentials"), "")] {
        settings.extend(section(&text.unwrap_or_default(), prefix, &profile));
    }
    settings
}

/// The settings under a profile's heading.
fn section(text: &str, prefix: &str, profile: &str) -> BTreeMap<String, String> {
    let mut settings = BTreeMap::new();
    let mut is_wanted = false;
    for line in text.lines() {
        if let Some(heading) = line.trim().strip_prefix('[').and_then(|heading| heading.split(']').next()) {
            let heading = heading.trim();
            is_wanted = heading == profile || heading.strip_prefix(prefix).is_some_and(|heading| heading.trim() == profile);
        } else if let Some((key, value)) = line.split_once('=').filter(|_| is_wanted && !line.starts_with([' ', '\t', '#', ';'])) {
            settings.insert(key.trim().to_ascii_lowercase(), value.trim().to_owned());
        }
    }
    settings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_has_what_stands_under_its_heading() {
        let text =
            "[default]\nregion = eu-west-1\n[profile nightly] # by hand\nregion=eu-north-1\n# region = us-east-1\ns3 =\n  region = x\n";
        let region = |profile: &str| section(text, "profile ", profile).remove("region");
        assert_eq!(region("default").as_deref(), Some("eu-west-1"));
        assert_eq!(region("nightly").as_deref(), Some("eu-north-1"));
        assert_eq!(region("other"), None);
        let keys = section("[nightly]\naws_access_key_id = A\naws_secret_access_key = b=c\n", "", "nightly");
        assert_eq!(keys["aws_secret_access_key"], "b=c");
    }
}
