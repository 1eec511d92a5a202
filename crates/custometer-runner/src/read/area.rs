//! Parts of sheets.

/// A part of a sheet, from its first row and column to its last ones, from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Area {
    pub(crate) rows: (u32, u32),
    pub(crate) columns: (u32, u32),
}

impl Area {
    /// All of a sheet.
    pub(crate) const WHOLE: Self = Self { rows: (0, u32::MAX), columns: (0, u32::MAX) };

    /// Reads `B3:F200`, or only columns, `B:F`, or rows, `3:200`; what the end does not say goes on: `B3:F`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (start, end) = text.trim().split_once(':')?;
        let ((first_column, first_row), (last_column, last_row)) = (corner(start)?, corner(end)?);
        let columns = (first_column.unwrap_or(0), last_column.unwrap_or(u32::MAX));
        let rows = (first_row.unwrap_or(0), last_row.unwrap_or(u32::MAX));
        let is_alike = first_column.is_some() == last_column.is_some() && (first_row.is_some() || last_row.is_none());
        (is_alike && columns.0 <= columns.1 && rows.0 <= rows.1).then_some(Self { rows, columns })
    }

    pub(crate) fn contains(self, (row, column): (u32, u32)) -> bool {
        (self.rows.0..=self.rows.1).contains(&row) && (self.columns.0..=self.columns.1).contains(&column)
    }
}

/// The column and the row of a cell's address, from 0.
fn corner(text: &str) -> Option<(Option<u32>, Option<u32>)> {
    let text = text.trim().replace('$', "");
    let letters = text.bytes().take_while(u8::is_ascii_alphabetic).count();
    let (letters, digits) = text.split_at(letters);
    if text.is_empty() || letters.len() > 3 || digits.len() > 7 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let column = letters.bytes().fold(0, |column, letter| column * 26 + u32::from(letter.to_ascii_uppercase() - b'A') + 1);
    let row = if digits.is_empty() { None } else { Some(digits.parse::<u32>().ok()?.checked_sub(1)?) };
    Some((column.checked_sub(1), row))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn areas_are_written_as_in_spreadsheets() {
        let area = |text| Area::parse(text).map(|area| (area.rows, area.columns));
        assert_eq!(area("B3:F200"), Some(((2, 199), (1, 5))));
        assert_eq!(area("$b$3:$f$200"), Some(((2, 199), (1, 5))));
        assert_eq!(area("B:F"), Some(((0, u32::MAX), (1, 5))));
        assert_eq!(area("3:200"), Some(((2, 199), (0, u32::MAX))));
        assert_eq!(area("B3:F"), Some(((2, u32::MAX), (1, 5))));
        assert_eq!(area("AA1:XFD1048576"), Some(((0, 1_048_575), (26, 16_383))));
        for text in ["", "B3", "B3:", "B3:5", "F3:B9", "B9:F3", "B0:F3", "B3:F4:G5", "Answers!B3:F4", "3:B9"] {
            assert_eq!(area(text), None, "{text}");
        }
    }
}
