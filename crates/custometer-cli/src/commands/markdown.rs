//! Text as Markdown shows it.

/// How every page begins; no other file is ever removed.
pub(super) const MARK: &str = "<!-- Made by `custometer docs`; what is changed here is lost. -->";

/// Text that Markdown shows as it is; what stands between backticks is code.
pub(super) fn prose(text: &str) -> String {
    let escape = |(number, part): (usize, &str)| {
        let is_code = number % 2 == 1;
        part.chars().map(|letter| if !is_code && "*_<[]".contains(letter) { format!("\\{letter}") } else { letter.to_string() }).collect()
    };
    text.split('`').enumerate().map(escape).collect::<Vec<String>>().join("`")
}

/// The same within a table, where a bar would end the cell also in code.
pub(super) fn cell(text: &str) -> String {
    prose(text).replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_shown_as_it_is() {
        assert_eq!(prose("2 * x_i < `a_b * c` [1]"), r"2 \* x\_i \< `a_b * c` \[1\]");
        assert_eq!(cell("`a|b`"), r"`a\|b`");
    }
}
