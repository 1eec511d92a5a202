//! Compound files, which is what workbooks of the old format are: a file system in a file, whose sectors are chained by a table (MS-CFB).
//!
//! The library that reads them follows chains to their ends. In a damaged file one may have none, and memory would.

use std::io;

use super::source::Source;

/// Larger numbers in the table of sectors are no sectors: a chain ends there, or a sector is in no chain.
const RESERVED: u32 = 0xffff_fffa;
/// The header has the first sectors of the table.
const HEADER: usize = 512;

/// What is wrong with the chains of a compound file, as a message goes on after its name; nothing where each has an end. What else may be wrong
/// with it, the library says.
pub(crate) fn fault(source: &Source) -> io::Result<Option<&'static str>> {
    const ENDLESS: &str = "is a workbook that can't be read: its sectors lead in a circle, so a part of it has no end";
    let length = source.bytes();
    if length < HEADER as u64 {
        return Ok(None);
    }
    let header = source.part(0, HEADER)?;
    let size: usize = match u16::from_le_bytes([header[30], header[31]]) {
        9 => 512,
        12 => 4096,
        _ => return Ok(None),
    };
    let sectors = length / size as u64;
    let sector = |number: u32| -> io::Result<Vec<u32>> {
        let start = (u64::from(number) + 1) * size as u64;
        let rest = usize::try_from(length.saturating_sub(start)).unwrap_or(usize::MAX);
        Ok(numbers(&source.part(start, size.min(rest))?))
    };
    // Where the table is: in the header, and in a chain of sectors that each end with the number of the next one.
    let mut table = numbers(&header[76..]);
    let mut next = numbers(&header[68..72])[0];
    let mut followed = 0;
    while next < RESERVED {
        followed += 1;
        if followed > sectors {
            return Ok(Some(ENDLESS));
        }
        let mut more = sector(next)?;
        next = more.pop().unwrap_or(RESERVED);
        table.extend(more);
    }
    table.retain(|number| *number < RESERVED);
    if table.len() as u64 > sectors {
        return Ok(Some("is a workbook that can't be read: it says that it is larger than its file"));
    }
    let mut chained = Vec::new();
    for number in table {
        chained.extend(sector(number)?);
    }
    Ok(is_endless(&chained).then_some(ENDLESS))
}

fn numbers(bytes: &[u8]) -> Vec<u32> {
    bytes.as_chunks().0.iter().map(|number| u32::from_le_bytes(*number)).collect()
}

/// Whether one follows the next from somewhere on for ever. `chained` has the next of each.
fn is_endless(chained: &[u32]) -> bool {
    // In which walk each was met: none, or that of a number.
    let mut met: Vec<u32> = vec![u32::MAX; chained.len()];
    for walk in 0..RESERVED.min(u32::try_from(chained.len()).unwrap_or(RESERVED)) {
        let mut at = walk;
        while let Some(before) = met.get_mut(at as usize) {
            if *before == walk {
                return true;
            }
            if *before != u32::MAX {
                break;
            }
            *before = walk;
            at = chained[at as usize];
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_circle_is_found_wherever_it_is() {
        const END: u32 = 0xffff_fffe;
        assert!(!is_endless(&[]) && !is_endless(&[END]) && !is_endless(&[1, 2, END, 1, u32::MAX]));
        // Beyond the table there is nothing to follow.
        assert!(!is_endless(&[9, 0]));
        assert!(is_endless(&[0]) && is_endless(&[1, 0]) && is_endless(&[END, 2, 3, 1]) && is_endless(&[1, 2, 3, 2]));
    }
}
