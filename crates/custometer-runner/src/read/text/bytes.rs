//! The bytes of a file, plain or unpacked.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;

use super::TextError;

/// How a file is packed, told by its first bytes and not by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Compression {
    None,
    Gzip,
    Zstd,
}

impl Compression {
    /// The packing of a file.
    pub(crate) fn of(path: &Path) -> io::Result<Self> {
        let mut start = Vec::new();
        File::open(path)?.take(4).read_to_end(&mut start)?;
        Ok(match start.as_slice() {
            [0x1f, 0x8b, ..] => Self::Gzip,
            [0x28, 0xb5, 0x2f, 0xfd] => Self::Zstd,
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

    /// Unpacks a stream.
    pub(crate) fn unpack(self, packed: impl Read + Send + 'static) -> io::Result<Box<dyn Read + Send>> {
        Ok(match self {
            Self::None => Box::new(packed),
            Self::Gzip => Box::new(MultiGzDecoder::new(packed)),
            Self::Zstd => Box::new(zstd::stream::read::Decoder::new(packed)?),
        })
    }

    /// What an error after so many unpacked bytes means.
    pub(crate) fn failed(self, error: io::Error, bytes: u64) -> TextError {
        let compression = self.as_str();
        match (self, error.kind()) {
            (Self::None, _) => TextError::Unreadable(error),
            (_, io::ErrorKind::UnexpectedEof) => TextError::CutOff { compression, bytes },
            _ => TextError::Damaged { compression, bytes, reason: error.to_string() },
        }
    }
}

/// The unpacked text of a file, from its start.
pub(crate) fn open(path: &Path) -> io::Result<(Compression, Box<dyn Read + Send>)> {
    let compression = Compression::of(path)?;
    Ok((compression, compression.unpack(File::open(path)?)?))
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
