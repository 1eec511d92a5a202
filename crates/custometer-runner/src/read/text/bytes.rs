//! The bytes of a file, plain or unpacked, as UTF-8 where they say that they are UTF-16.

use std::io::{self, BufRead as _, BufReader, Read};
use std::sync::Arc;

use encoding_rs::{CoderResult, Decoder, UTF_16BE, UTF_16LE};
use flate2::bufread::GzDecoder;

use super::error::TextError;
use crate::read::elements::{Elements, NoRows};
use crate::read::source::{Sheet, Source, Text};

/// How a file is packed, told by its first bytes and not by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Compression {
    None,
    Gzip,
    Zstd,
}

impl Compression {
    /// The packing of a file.
    pub(crate) fn of(source: &Source) -> io::Result<Self> {
        let mut start = Vec::new();
        source.reader().take(4).read_to_end(&mut start)?;
        Ok(match start.as_slice() {
            [0x1f, 0x8b, ..] => Self::Gzip,
            // A frame, or one that is to be skipped.
            [0x28, 0xb5, 0x2f, 0xfd] | [0x50..=0x5f, 0x2a, 0x4d, 0x18] => Self::Zstd,
            _ => Self::None,
        })
    }

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::None => "plain",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        }
    }

    /// Unpacks a stream, and makes UTF-8 of UTF-16 that starts with its mark.
    pub(crate) fn unpack(self, packed: impl Read + Send + 'static) -> io::Result<Box<dyn Read + Send>> {
        let unpacked: Box<dyn Read + Send> = match self {
            Self::None => Box::new(packed),
            Self::Gzip => Box::new(Gunzip { member: Some(GzDecoder::new(BufReader::new(packed))) }),
            Self::Zstd => Box::new(zstd::stream::read::Decoder::new(packed)?),
        };
        as_utf8(unpacked)
    }

    /// What an error after so many unpacked bytes means.
    pub(crate) fn failed(self, error: io::Error, bytes: u64) -> TextError {
        let compression = self.as_str();
        match (self, error.kind()) {
            _ if error.get_ref().is_some_and(<dyn std::error::Error + Send + Sync>::is::<NoRows>) => TextError::Unreadable(error),
            (Self::None, _) => TextError::Unreadable(error),
            (_, io::ErrorKind::UnexpectedEof) => TextError::CutOff { compression, bytes },
            _ => TextError::Damaged { compression, bytes, reason: error.to_string() },
        }
    }
}

/// The text of a source, from its start.
pub(crate) fn open(source: &Arc<Source>) -> Result<(Compression, Box<dyn Read + Send>), TextError> {
    text_of(source, source.reader())
}

/// The text of a source whose bytes come from this reader. Those of a workbook are not read again.
pub(crate) fn text_of(source: &Source, bytes: impl Read + Send + 'static) -> Result<(Compression, Box<dyn Read + Send>), TextError> {
    if let Text::Sheet(sheet) = source.text() {
        return Ok((Compression::None, Box::new(io::Cursor::new(Cells(Arc::clone(sheet))))));
    }
    let compression = Compression::of(source)?;
    let text = compression.unpack(bytes).map_err(|error| compression.failed(error, 0))?;
    Ok(match source.text() {
        Text::Elements(keys) => (compression, Box::new(Elements::new(text, keys))),
        _ => (compression, text),
    })
}

struct Cells(Arc<Sheet>);

impl AsRef<[u8]> for Cells {
    fn as_ref(&self) -> &[u8] {
        &self.0.text
    }
}

/// Whether the bytes of a file are those of its text, so that each part of the text can be read by itself.
pub(crate) fn is_plain(source: &Arc<Source>) -> io::Result<bool> {
    let mut start = Vec::new();
    source.reader().take(2).read_to_end(&mut start)?;
    Ok(source.is_file() && Compression::of(source)? == Compression::None && utf16(&start).is_none())
}

/// Whether the text of a file is in UTF-16, and says so.
pub(crate) fn is_utf16(source: &Arc<Source>) -> io::Result<bool> {
    let mut start = Vec::new();
    let packed = source.reader();
    match Compression::of(source)? {
        Compression::None => packed.take(2).read_to_end(&mut start)?,
        Compression::Gzip => Gunzip { member: Some(GzDecoder::new(BufReader::new(packed))) }.take(2).read_to_end(&mut start)?,
        Compression::Zstd => zstd::stream::read::Decoder::new(packed)?.take(2).read_to_end(&mut start)?,
    };
    Ok(utf16(&start).is_some())
}

/// The members of a gzip file, one after the other. What pads it to the end of a block is zeros.
struct Gunzip<R> {
    member: Option<GzDecoder<BufReader<R>>>,
}

impl<R: Read> Read for Gunzip<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while let Some(member) = &mut self.member {
            let read = member.read(buffer)?;
            if read > 0 || buffer.is_empty() {
                return Ok(read);
            }
            let Some(mut packed) = self.member.take().map(GzDecoder::into_inner) else { break };
            loop {
                let bytes = packed.fill_buf()?;
                let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
                if bytes.is_empty() {
                    return Ok(0);
                }
                if zeros == 0 {
                    self.member = Some(GzDecoder::new(packed));
                    break;
                }
                packed.consume(zeros);
            }
        }
        Ok(0)
    }
}

/// The decoder of UTF-16 that starts with its mark.
fn utf16(start: &[u8]) -> Option<Decoder> {
    match start {
        [0xff, 0xfe, ..] => Some(UTF_16LE.new_decoder_with_bom_removal()),
        [0xfe, 0xff, ..] => Some(UTF_16BE.new_decoder_with_bom_removal()),
        _ => None,
    }
}

fn as_utf8(mut bytes: Box<dyn Read + Send>) -> io::Result<Box<dyn Read + Send>> {
    let mut start = Vec::new();
    bytes.by_ref().take(2).read_to_end(&mut start)?;
    let decoder = utf16(&start);
    let whole = io::Cursor::new(start).chain(bytes);
    Ok(match decoder {
        Some(decoder) => {
            Box::new(Utf16 { bytes: whole, decoder, block: vec![0; 1 << 16], filled: 0, text: Vec::new(), at: 0, ended: false })
        }
        None => Box::new(whole),
    })
}

/// UTF-16 as UTF-8.
struct Utf16<R> {
    bytes: R,
    decoder: Decoder,
    block: Vec<u8>,
    /// How much of the block waits for more.
    filled: usize,
    text: Vec<u8>,
    at: usize,
    ended: bool,
}

impl<R: Read> Read for Utf16<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.at == self.text.len() && !self.ended {
            let read = self.bytes.read(&mut self.block[self.filled..])?;
            let end = self.filled + read;
            self.text.resize(3 * end + 16, 0);
            let (result, taken, written, broken) = self.decoder.decode_to_utf8(&self.block[..end], &mut self.text, read == 0);
            if broken {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "it is in UTF-16, and not all of it is"));
            }
            self.text.truncate(written);
            self.at = 0;
            self.block.copy_within(taken..end, 0);
            self.filled = end - taken;
            self.ended = read == 0 && result == CoderResult::InputEmpty;
        }
        let length = buffer.len().min(self.text.len() - self.at);
        buffer[..length].copy_from_slice(&self.text[self.at..self.at + length]);
        self.at += length;
        Ok(length)
    }
}

/// A reader whose bytes are hashed and counted on their way.
pub(crate) struct Hashing<R> {
    inner: R,
    sums: std::sync::Arc<std::sync::Mutex<(blake3::Hasher, u64)>>,
}

impl<R: Read> Hashing<R> {
    pub(crate) fn new(inner: R) -> Self {
        Self { inner, sums: std::sync::Arc::default() }
    }

    /// The hash, and the number of bytes, of what has been read when it is asked.
    pub(crate) fn sums(&self) -> impl Fn() -> (String, u64) + use<R> {
        let sums = std::sync::Arc::clone(&self.sums);
        move || {
            let sums = sums.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            (sums.0.finalize().to_hex().to_string(), sums.1)
        }
    }
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        let mut sums = self.sums.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        sums.0.update(&buffer[..read]);
        sums.1 += read as u64;
        Ok(read)
    }
}

/// The hash of a file's bytes.
pub(crate) fn hash(source: &Arc<Source>) -> io::Result<String> {
    let mut hashing = Hashing::new(source.reader());
    let sums = hashing.sums();
    io::copy(&mut BufReader::with_capacity(1 << 20, &mut hashing), &mut io::sink())?;
    Ok(sums().0)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn unpacked(compression: Compression, packed: Vec<u8>) -> io::Result<String> {
        let mut text = String::new();
        compression.unpack(io::Cursor::new(packed))?.read_to_string(&mut text).map(|_| text)
    }

    fn gzip(text: &str) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn gzip_may_have_several_members_and_zeros_after_them() {
        let packed = [gzip("a,b\n"), gzip("1,2\n"), vec![0; 700]].concat();
        assert_eq!(unpacked(Compression::Gzip, packed.clone()).unwrap(), "a,b\n1,2\n");
        assert!(unpacked(Compression::Gzip, [packed, b"more".to_vec()].concat()).is_err());
    }

    #[test]
    fn zstd_may_have_frames_to_skip() {
        let skipped = [&[0x52, 0x2a, 0x4d, 0x18, 3, 0, 0, 0], b"abc".as_slice()].concat();
        let frame = zstd::encode_all("a,b\n1,2\n".as_bytes(), 1).unwrap();
        assert_eq!(unpacked(Compression::Zstd, [skipped.clone(), frame, skipped].concat()).unwrap(), "a,b\n1,2\n");
    }

    #[test]
    fn utf16_with_its_mark_is_utf8() {
        let text = format!("navn;by\n{}", "Sørensen 😀;Århus\n".repeat(9000));
        let units: Vec<u16> = text.encode_utf16().collect();
        let little: Vec<u8> = [0xff, 0xfe].into_iter().chain(units.iter().flat_map(|unit| unit.to_le_bytes())).collect();
        let big: Vec<u8> = [0xfe, 0xff].into_iter().chain(units.iter().flat_map(|unit| unit.to_be_bytes())).collect();
        assert_eq!(unpacked(Compression::None, little.clone()).unwrap(), text);
        assert_eq!(unpacked(Compression::None, big).unwrap(), text);
        // A half of a pair, and half of a unit.
        assert!(unpacked(Compression::None, vec![0xff, 0xfe, 0x3d, 0xd8, 0x41, 0x00]).is_err());
        assert!(unpacked(Compression::None, little[..little.len() - 1].to_vec()).is_err());
    }
}
