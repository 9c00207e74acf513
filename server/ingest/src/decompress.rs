//! Undoes `Content-Encoding`, with a bound on what comes out. A bomb stops at the bound; bytes that
//! are damaged or end too soon are an error that says where.

use std::borrow::Cow;
use std::io::Read;

use crate::error::DecodeError;
use crate::limits::Limits;

/// How a body is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// Not at all.
    Identity,
    /// RFC 1952; several members after one another are one body.
    Gzip,
    /// RFC 1950 (zlib), as HTTP's `deflate` means it.
    Deflate,
    /// RFC 8878.
    Zstd,
    /// Snappy's block format.
    Snappy,
}

impl Encoding {
    /// Reads the value of a `Content-Encoding` header; empty is identity.
    ///
    /// # Errors
    /// [`DecodeError::UnsupportedEncoding`].
    pub fn from_header(value: &str) -> Result<Self, DecodeError> {
        Ok(match value.trim().to_ascii_lowercase().as_str() {
            "" | "identity" => Self::Identity,
            "gzip" | "x-gzip" => Self::Gzip,
            "deflate" => Self::Deflate,
            "zstd" => Self::Zstd,
            "snappy" => Self::Snappy,
            _ => {
                return Err(DecodeError::UnsupportedEncoding {
                    encoding: value.into(),
                });
            }
        })
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Gzip => "gzip",
            Self::Deflate => "deflate",
            Self::Zstd => "zstd",
            Self::Snappy => "snappy",
        }
    }
}

/// The body as it was before it was compressed.
///
/// # Errors
/// [`DecodeError::Compression`] if it is damaged or ends too soon, [`DecodeError::TooLarge`] beyond
/// [`Limits::body_bytes_max`] as sent or [`Limits::inflated_bytes_max`] after.
pub fn decompress<'a>(
    body: &'a [u8],
    encoding: Encoding,
    limits: &Limits,
) -> Result<Cow<'a, [u8]>, DecodeError> {
    if body.len() > limits.body_bytes_max {
        return Err(DecodeError::TooLarge {
            what: "body",
            limit_bytes: limits.body_bytes_max,
        });
    }
    let bytes_max = limits.inflated_bytes_max;
    let inflated = match encoding {
        Encoding::Identity => return Ok(Cow::Borrowed(body)),
        Encoding::Gzip => read(
            flate2::bufread::MultiGzDecoder::new(body),
            encoding,
            bytes_max,
        ),
        Encoding::Deflate => read(flate2::bufread::ZlibDecoder::new(body), encoding, bytes_max),
        Encoding::Zstd => match zstd::stream::read::Decoder::with_buffer(body) {
            Ok(decoder) => read(decoder, encoding, bytes_max),
            Err(error) => Err(damaged(encoding, 0, &error)),
        },
        Encoding::Snappy => snappy(body, bytes_max),
    };
    inflated.map(Cow::Owned)
}

fn read(source: impl Read, encoding: Encoding, bytes_max: usize) -> Result<Vec<u8>, DecodeError> {
    let mut inflated = Vec::new();
    let mut source = source.take(bytes_max as u64 + 1);
    match source.read_to_end(&mut inflated) {
        Ok(_) if inflated.len() > bytes_max => Err(DecodeError::TooLarge {
            what: "decompressed body",
            limit_bytes: bytes_max,
        }),
        Ok(_) => Ok(inflated),
        Err(error) => Err(damaged(encoding, inflated.len(), &error)),
    }
}

fn damaged(encoding: Encoding, after: usize, error: &std::io::Error) -> DecodeError {
    let what = match error.kind() {
        std::io::ErrorKind::UnexpectedEof => "the data ends too soon".to_owned(),
        _ => error.to_string(),
    };
    DecodeError::Compression {
        encoding: encoding.name(),
        detail: format!("{what}, after {after} decompressed bytes"),
    }
}

/// Undoes snappy's block format, whose first bytes say how long the result is.
fn snappy(body: &[u8], bytes_max: usize) -> Result<Vec<u8>, DecodeError> {
    let bad = |error: snap::Error| DecodeError::Compression {
        encoding: "snappy",
        detail: error.to_string(),
    };
    if snap::raw::decompress_len(body).map_err(bad)? > bytes_max {
        return Err(DecodeError::TooLarge {
            what: "decompressed body",
            limit_bytes: bytes_max,
        });
    }
    snap::raw::Decoder::new().decompress_vec(body).map_err(bad)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use proptest::prelude::*;

    use super::*;

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    fn limits(inflated_bytes_max: usize) -> Limits {
        Limits {
            inflated_bytes_max,
            ..Limits::default()
        }
    }

    #[test]
    fn every_encoding_comes_back() {
        let text = b"one line\nanother line\n".repeat(100);
        let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
        zlib.write_all(&text).unwrap();
        for (encoding, body) in [
            (Encoding::Identity, text.clone()),
            (Encoding::Gzip, gzip(&text)),
            (Encoding::Deflate, zlib.finish().unwrap()),
            (
                Encoding::Zstd,
                zstd::encode_all(text.as_slice(), 1).unwrap(),
            ),
            (
                Encoding::Snappy,
                snap::raw::Encoder::new().compress_vec(&text).unwrap(),
            ),
        ] {
            let inflated = decompress(&body, encoding, &Limits::default()).unwrap();
            assert_eq!(inflated, text, "{encoding:?}");
        }
    }

    #[test]
    fn truncated_gzip_says_so() {
        let body = gzip(&b"hello ".repeat(1000));
        let error = decompress(&body[..body.len() - 9], Encoding::Gzip, &limits(1 << 20));
        let text = error.unwrap_err().to_string();
        assert!(text.contains("ends too soon"), "{text}");
    }

    #[test]
    fn bombs_stop_at_the_bound() {
        let zeros = vec![0; 1 << 20];
        for (encoding, body) in [
            (Encoding::Gzip, gzip(&zeros)),
            (
                Encoding::Zstd,
                zstd::encode_all(zeros.as_slice(), 1).unwrap(),
            ),
            (
                Encoding::Snappy,
                snap::raw::Encoder::new().compress_vec(&zeros).unwrap(),
            ),
        ] {
            let error = decompress(&body, encoding, &limits(1000)).unwrap_err();
            assert!(matches!(
                error,
                DecodeError::TooLarge {
                    limit_bytes: 1000,
                    ..
                }
            ));
        }
    }

    proptest! {
        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            for encoding in [Encoding::Gzip, Encoding::Deflate, Encoding::Zstd, Encoding::Snappy] {
                let _ = decompress(&bytes, encoding, &limits(1 << 16));
            }
        }
    }
}
