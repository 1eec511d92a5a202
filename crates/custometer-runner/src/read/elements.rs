//! The elements of an array in a JSON document, as lines: what reads lines of JSON reads them.

use std::io::{self, BufRead as _, BufReader, Read};
use std::sync::Arc;

/// More keys than lead to the rows of a document that anybody wrote.
const DEEPEST: usize = 64;

/// Why a document has no rows where they are said to be.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct NoRows(String);

fn no_rows(what: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, NoRows(what.into()))
}

/// A stream of the elements, each on a line of its own. They are not checked, but told apart.
pub(crate) struct Elements<R> {
    document: Document<R>,
    keys: Arc<[String]>,
    at: Place,
    /// The element that is read, from 1.
    element: u64,
    lines: Vec<u8>,
    taken: usize,
}

/// Where in the array the stream is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    BeforeArray,
    /// Before an element; the first may be missing.
    Before {
        is_first: bool,
    },
    Within,
    /// After an element.
    After,
    AfterArray,
    Ended,
}

/// How many bytes of lines are made at once.
const BLOCK: usize = 1 << 16;

impl<R: Read> Elements<R> {
    /// The elements of the array that the keys lead to; without keys the document is one.
    pub(crate) fn new(text: R, keys: &Arc<[String]>) -> Self {
        let document = Document { text: BufReader::with_capacity(BLOCK, text), depth: 0, in_text: false, escaped: false };
        Self { document, keys: Arc::clone(keys), at: Place::BeforeArray, element: 0, lines: Vec::new(), taken: 0 }
    }

    /// Makes some lines.
    fn fill(&mut self) -> io::Result<()> {
        self.lines.clear();
        self.taken = 0;
        while self.lines.len() < BLOCK {
            match self.at {
                Place::BeforeArray => {
                    let keys = Arc::clone(&self.keys);
                    self.document.open(&keys)?;
                    self.at = Place::Before { is_first: true };
                }
                Place::Before { is_first } => match self.document.next_byte()? {
                    Some(b']') if is_first => {
                        self.document.take_byte()?;
                        self.at = Place::AfterArray;
                    }
                    Some(b']' | b',') => return Err(no_rows(format!("after element {} there is a comma and no element", self.element))),
                    Some(_) => {
                        self.element += 1;
                        self.at = Place::Within;
                    }
                    None => return Err(self.cut_off()),
                },
                Place::Within => {
                    let whole = self.document.copy(&mut self.lines)?.ok_or_else(|| self.cut_off())?;
                    if whole {
                        self.lines.push(b'\n');
                        self.at = Place::After;
                    }
                }
                Place::After => match self.document.take_byte()? {
                    Some(b',') => self.at = Place::Before { is_first: false },
                    Some(b']') => self.at = Place::AfterArray,
                    Some(_) => return Err(no_rows(format!("after element {} there is no comma", self.element))),
                    None => return Err(self.cut_off()),
                },
                Place::AfterArray => {
                    let keys = Arc::clone(&self.keys);
                    self.document.close(&keys)?;
                    self.at = Place::Ended;
                }
                Place::Ended => break,
            }
        }
        Ok(())
    }

    fn cut_off(&self) -> io::Error {
        no_rows(format!("it ends in the middle, at element {}", self.element.max(1)))
    }
}

impl<R: Read> Read for Elements<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.taken == self.lines.len() {
            self.fill()?;
        }
        let length = buffer.len().min(self.lines.len() - self.taken);
        buffer[..length].copy_from_slice(&self.lines[self.taken..self.taken + length]);
        self.taken += length;
        Ok(length)
    }
}

/// A JSON document, as it is gone through.
struct Document<R> {
    text: BufReader<R>,
    /// Within a value: how many of its brackets are open, and whether a text is.
    depth: u64,
    in_text: bool,
    escaped: bool,
}

impl<R: Read> Document<R> {
    /// The next byte that is no space, which stays.
    fn next_byte(&mut self) -> io::Result<Option<u8>> {
        loop {
            let bytes = self.text.fill_buf()?;
            if bytes.is_empty() {
                return Ok(None);
            }
            let spaces = bytes.iter().take_while(|byte| b" \t\r\n".contains(byte)).count();
            let found = bytes.get(spaces).copied();
            self.text.consume(spaces);
            if found.is_some() {
                return Ok(found);
            }
        }
    }

    /// The next byte that is no space.
    fn take_byte(&mut self) -> io::Result<Option<u8>> {
        let byte = self.next_byte()?;
        if byte.is_some() {
            self.text.consume(1);
        }
        Ok(byte)
    }

    /// Goes to the array that the keys lead to, and into it.
    fn open(&mut self, keys: &[String]) -> io::Result<()> {
        // A mark of UTF-8 may come in pieces.
        if self.next_byte()? == Some(0xef) {
            for byte in [0xef, 0xbb, 0xbf] {
                if self.take_byte()? != Some(byte) {
                    return Err(no_rows("it is not JSON"));
                }
            }
        }
        if keys.len() > DEEPEST {
            return Err(no_rows(format!("its rows are more than {DEEPEST} keys deep")));
        }
        for (depth, wanted) in keys.iter().enumerate() {
            let within = || if depth == 0 { "it".to_owned() } else { format!("`{}`", keys[..depth].join(".")) };
            if self.take_byte()? != Some(b'{') {
                return Err(no_rows(format!("{} is no object, so that it has no `{wanted}`", within())));
            }
            let mut is_first = true;
            while self.key(is_first)?.ok_or_else(|| no_rows(format!("{} has no `{wanted}`", within())))? != *wanted {
                self.skip()?;
                is_first = false;
            }
        }
        if self.take_byte()? != Some(b'[') {
            let what = if keys.is_empty() { "it".to_owned() } else { format!("`{}`", keys.join(".")) };
            return Err(no_rows(format!("{what} is no array")));
        }
        Ok(())
    }

    /// The next key of an object, and what follows it is its value; none at the object's end.
    fn key(&mut self, is_first: bool) -> io::Result<Option<String>> {
        let mut next = self.take_byte()?;
        if !is_first && next == Some(b',') {
            next = self.take_byte()?;
        } else if next == Some(b'}') {
            return Ok(None);
        } else if !is_first {
            return Err(no_rows("it is not JSON: between two values of an object there is no comma"));
        }
        if next != Some(b'"') {
            return Err(no_rows("it is not JSON: an object has something else than keys"));
        }
        let mut key = vec![b'"'];
        let mut escaped = false;
        loop {
            let byte = *self.text.fill_buf()?.first().ok_or_else(|| no_rows("it ends in the middle"))?;
            self.text.consume(1);
            key.push(byte);
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => break,
                _ => {}
            }
        }
        if self.take_byte()? != Some(b':') {
            return Err(no_rows("it is not JSON: a key has no value"));
        }
        serde_json::from_slice(&key).map(Some).map_err(|error| no_rows(format!("it is not JSON: {error}")))
    }

    /// Goes over a value.
    fn skip(&mut self) -> io::Result<()> {
        if matches!(self.next_byte()?, None | Some(b',' | b'}' | b']')) {
            return Err(no_rows("it is not JSON: a key has no value"));
        }
        let mut skipped = Vec::new();
        while !self.copy(&mut skipped)?.ok_or_else(|| no_rows("it ends in the middle"))? {
            skipped.clear();
        }
        Ok(())
    }

    /// Copies what there is of a value, on one line, and says whether that was its end; none where the document ends first.
    fn copy(&mut self, line: &mut Vec<u8>) -> io::Result<Option<bool>> {
        let bytes = self.text.fill_buf()?;
        if bytes.is_empty() {
            return Ok(None);
        }
        let (mut taken, mut ended) = (0, false);
        for &byte in bytes {
            if self.in_text {
                match byte {
                    _ if self.escaped => self.escaped = false,
                    b'\\' => self.escaped = true,
                    b'"' => self.in_text = false,
                    _ => {}
                }
                // A text is all of a value, or within one.
                ended = !self.in_text && self.depth == 0;
            } else {
                match byte {
                    b'"' => self.in_text = true,
                    b'{' | b'[' => self.depth += 1,
                    b'}' | b']' if self.depth > 0 => {
                        self.depth -= 1;
                        ended = self.depth == 0;
                    }
                    // The end of a number or a word is what follows it.
                    b',' | b'}' | b']' if self.depth == 0 => {
                        self.text.consume(taken);
                        return Ok(Some(true));
                    }
                    _ => {}
                }
            }
            taken += 1;
            line.push(if !self.in_text && (byte == b'\n' || byte == b'\r') { b' ' } else { byte });
            if ended {
                break;
            }
        }
        self.text.consume(taken);
        Ok(Some(ended))
    }

    /// Goes to the end of the document, after the array.
    fn close(&mut self, keys: &[String]) -> io::Result<()> {
        for wanted in keys.iter().rev() {
            while let Some(key) = self.key(false)? {
                if key == *wanted {
                    return Err(no_rows(format!("it has the key `{key}` twice")));
                }
                self.skip()?;
            }
        }
        if self.take_byte()?.is_some() {
            return Err(no_rows("it goes on after its end"));
        }
        Ok(())
    }
}

/// The arrays of objects in the start of a document, each by the keys that lead to it.
pub(crate) fn arrays(start: &[u8]) -> Vec<String> {
    // Keys lead to it as long as it is in objects alone.
    let mut open: Vec<Option<String>> = Vec::new();
    let (mut key, mut found, mut at) = (None, Vec::new(), 0);
    let is_space = |byte: &u8| b" \t\r\n".contains(byte);
    while let Some(&byte) = start.get(at) {
        match byte {
            b'"' => {
                let mut end = at + 1;
                while start.get(end).is_some_and(|byte| *byte != b'"') {
                    end += if start[end] == b'\\' { 2 } else { 1 };
                }
                let after = start.get(end + 1..).unwrap_or_default().iter().find(|byte| !is_space(byte));
                if after == Some(&b':') {
                    key = start.get(at..=end).and_then(|text| serde_json::from_slice::<String>(text).ok());
                }
                at = end;
            }
            b'{' => open.push(key.take()),
            b'[' => {
                let first = start[at + 1..].iter().find(|byte| !is_space(byte));
                // The outermost object has no key.
                let keys: Option<Vec<String>> = open.iter().skip(1).cloned().chain([key.take()]).collect();
                if let Some(keys) = keys.filter(|keys| first == Some(&b'{') && !keys.iter().any(|key| key.contains('.'))) {
                    found.push(keys.join("."));
                }
                open.push(None);
                // What is in an array has no keys of its own.
                open.push(None);
            }
            b']' => {
                open.pop();
                open.pop();
            }
            b'}' => {
                open.pop();
            }
            b',' => key = None,
            _ => {}
        }
        at += 1;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(document: &str, path: &str) -> Result<Vec<String>, String> {
        let keys: Arc<[String]> = path.split('.').filter(|key| !key.is_empty()).map(str::to_owned).collect();
        let mut whole = String::new();
        // One byte at a time as well, so that nothing rests on where blocks end.
        let read = Elements::new(document.as_bytes(), &keys).read_to_string(&mut whole);
        let mut bytes = String::new();
        let again = Elements::new(Slow(document.as_bytes()), &keys).read_to_string(&mut bytes);
        assert_eq!(read.is_ok(), again.is_ok());
        read.map_err(|error| error.to_string())?;
        assert_eq!(whole, bytes);
        Ok(whole.lines().map(str::to_owned).collect())
    }

    struct Slow<'a>(&'a [u8]);

    impl Read for Slow<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let length = buffer.len().min(1);
            self.0.read(&mut buffer[..length])
        }
    }

    #[test]
    fn elements_are_lines() {
        assert_eq!(lines("[{\"a\": 1},\n {\"a\":\n  2}]\n", "").unwrap(), ["{\"a\": 1}", "{\"a\":   2}"]);
        assert_eq!(lines("\u{feff} [ ] ", "").unwrap(), [""; 0]);
        assert_eq!(lines("[{\"a\": \"x],\\\"{\"}, {\"b\": [1, {}]}, 7 , \"t\", null]", "").unwrap().len(), 5);
    }

    #[test]
    fn keys_lead_to_an_array() {
        let document = r#"{"n": 2, "payload": {"next": null, "items": [{"a": 1}, {"a": 2}], "x": {}}, "z": "}"}"#;
        assert_eq!(lines(document, "payload.items").unwrap(), ["{\"a\": 1}", "{\"a\": 2}"]);
        for (path, said) in [
            ("payload.rows", "`payload` has no `rows`"),
            ("rows", "it has no `rows`"),
            ("n", "`n` is no array"),
            ("n.a", "`n` is no object, so that it has no `a`"),
            ("", "it is no array"),
        ] {
            assert_eq!(lines(document, path).unwrap_err(), said);
        }
        assert_eq!(lines(r#"{"a": [{}], "a": [{}]}"#, "a").unwrap_err(), "it has the key `a` twice");
        assert_eq!(lines(r#"{"a": [], "b": 1}"#, "a").unwrap(), [""; 0]);
    }

    #[test]
    fn what_is_no_array_is_said() {
        for (document, said) in [
            ("[{\"a\": 1}", "it ends in the middle, at element 1"),
            ("[{\"a\": 1}, {\"a\"", "it ends in the middle, at element 2"),
            ("[{} {}]", "after element 1 there is no comma"),
            ("[{},]", "after element 1 there is a comma and no element"),
            ("[{}] [", "it goes on after its end"),
            ("", "it is no array"),
            ("[", "it ends in the middle, at element 1"),
        ] {
            assert_eq!(lines(document, "").unwrap_err(), said, "{document}");
        }
    }

    #[test]
    fn arrays_of_objects_are_found() {
        let document = br#"{"meta": {"tags": ["x"], "k": [{"a": 1}]}, "data": {"items": [ {"id": 1, "lines": [{"x": 1}]}], "more": [{}]}, "z": [[{}]]}"#;
        assert_eq!(arrays(document), ["meta.k", "data.items", "data.more"]);
        assert_eq!(arrays(br#"{"orders":[{"id":1},{"id""#), ["orders"]);
    }
}
