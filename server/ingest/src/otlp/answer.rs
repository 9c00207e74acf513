//! What OTLP answers: an `ExportLogsServiceResponse` or a `google.rpc.Status`, in the encoding of
//! the request. Some exporters drop the batch if a 200 holds anything else.

use serde_json::json;

use super::OtlpEncoding;
use crate::decoded::{Decoded, ItemError};
use crate::protobuf::{write_bytes, write_varint};

/// The bytes of an answer and their content type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// For the `Content-Type` header.
    pub content_type: &'static str,
    /// The body.
    pub body: Vec<u8>,
}

/// The codes of `google.rpc.Code` that we answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// The request cannot be read (400); the sender drops it.
    InvalidArgument,
    /// The request is too large or there are too many (413, 429).
    ResourceExhausted,
    /// The server cannot take it now (503); the sender comes back.
    Unavailable,
    /// The content type is none of OTLP's (415).
    Unimplemented,
}

impl Status {
    const fn code(self) -> u64 {
        match self {
            Self::InvalidArgument => 3,
            Self::ResourceExhausted => 8,
            Self::Unimplemented => 12,
            Self::Unavailable => 14,
        }
    }
}

/// The answer to a request whose records, but for those rejected, are durable (200).
#[must_use]
pub fn accepted(decoded: &Decoded, encoding: OtlpEncoding) -> Answer {
    let rejected = ("rejectedLogRecords", decoded.rejected);
    answered(rejected, decoded.errors.first(), encoding)
}

/// The answer of any of OTLP's services: how many were rejected, under the name that JSON has for
/// it, and the first reason.
pub(crate) fn answered(
    (name, rejected): (&str, usize),
    error: Option<&ItemError>,
    encoding: OtlpEncoding,
) -> Answer {
    let message = error.map_or_else(String::new, |error| {
        format!(
            "record {}: expected {}, {}",
            error.item, error.expected, error.detail
        )
    });
    let body = match encoding {
        OtlpEncoding::Protobuf => {
            let (mut partial, mut body) = (Vec::new(), Vec::new());
            write_varint(1, rejected as u64, &mut partial);
            write_bytes(2, message.as_bytes(), &mut partial);
            write_bytes(1, &partial, &mut body);
            body
        }
        OtlpEncoding::Json if rejected == 0 => b"{}".to_vec(),
        OtlpEncoding::Json => json!({"partialSuccess": {
            name: rejected.to_string(),
            "errorMessage": message,
        }})
        .to_string()
        .into_bytes(),
    };
    Answer {
        content_type: encoding.content_type(),
        body,
    }
}

/// The answer to a request that was not taken.
#[must_use]
pub fn refused(status: Status, message: &str, encoding: OtlpEncoding) -> Answer {
    let body = match encoding {
        OtlpEncoding::Protobuf => {
            let mut body = Vec::new();
            write_varint(1, status.code(), &mut body);
            write_bytes(2, message.as_bytes(), &mut body);
            body
        }
        OtlpEncoding::Json => json!({"code": status.code(), "message": message})
            .to_string()
            .into_bytes(),
    };
    Answer {
        content_type: encoding.content_type(),
        body,
    }
}
