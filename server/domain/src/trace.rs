//! The place in a trace that something comes from: what travels with work from one part of Tocsin
//! to the next, between processes too, as W3C Trace Context says it.

use std::fmt;
use std::str::FromStr;

use crate::record::{SpanId, TraceId};

/// The flag of W3C Trace Context that says that spans are recorded.
const SAMPLED: u8 = 1;

/// A span of Tocsin's own, named so that work that follows from it elsewhere can be its child.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TraceContext {
    trace: TraceId,
    span: SpanId,
    flags: u8,
}

impl TraceContext {
    /// Bytes of its binary form: trace, span, flags.
    pub const BYTES: usize = 25;

    /// A context; none if one of the ids is all zero, which W3C Trace Context forbids.
    #[must_use]
    pub fn new(trace: TraceId, span: SpanId, flags: u8) -> Option<Self> {
        let is_valid = trace.0 != [0; 16] && span.0 != [0; 8];
        is_valid.then_some(Self { trace, span, flags })
    }

    /// The trace.
    #[must_use]
    pub const fn trace(&self) -> TraceId {
        self.trace
    }

    /// The span in it.
    #[must_use]
    pub const fn span(&self) -> SpanId {
        self.span
    }

    /// The flags of the trace.
    #[must_use]
    pub const fn flags(&self) -> u8 {
        self.flags
    }

    /// Whether spans of the trace are recorded.
    #[must_use]
    pub const fn is_sampled(&self) -> bool {
        self.flags & SAMPLED != 0
    }

    /// The trace as people look it up: 32 hexadecimal digits.
    #[must_use]
    pub fn trace_text(&self) -> String {
        format!("{:032x}", u128::from_be_bytes(self.trace.0))
    }

    /// Its binary form.
    #[must_use]
    pub fn to_bytes(self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        bytes[..16].copy_from_slice(&self.trace.0);
        bytes[16..24].copy_from_slice(&self.span.0);
        bytes[24] = self.flags;
        bytes
    }

    /// Reads the binary form; none if an id is all zero.
    #[must_use]
    pub fn from_bytes(bytes: [u8; Self::BYTES]) -> Option<Self> {
        let (mut trace, mut span) = ([0; 16], [0; 8]);
        trace.copy_from_slice(&bytes[..16]);
        span.copy_from_slice(&bytes[16..24]);
        Self::new(TraceId(trace), SpanId(span), bytes[24])
    }
}

impl fmt::Display for TraceContext {
    /// As the header `traceparent` has it, in version 00.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let trace = u128::from_be_bytes(self.trace.0);
        let span = u64::from_be_bytes(self.span.0);
        write!(f, "00-{trace:032x}-{span:016x}-{:02x}", self.flags)
    }
}

/// Why a text is not a `traceparent`; who sent it is not told, a trace of our own begins instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected `00-<32 hexadecimal digits>-<16>-<2>` with ids that are not zero")]
pub struct TraceContextError;

impl FromStr for TraceContext {
    type Err = TraceContextError;

    /// Reads the header `traceparent` of version 00, and of later versions what they share with it.
    fn from_str(text: &str) -> Result<Self, TraceContextError> {
        let mut parts = text.splitn(5, '-');
        let mut part = |digits: usize| {
            let part = parts.next().filter(|part| part.len() == digits);
            part.filter(|part| part.bytes().all(is_digit))
                .ok_or(TraceContextError)
        };
        let (version, trace, span, flags) = (part(2)?, part(32)?, part(16)?, part(2)?);
        let has_more = parts.next().is_some();
        if version == "ff" || (version == "00" && has_more) {
            return Err(TraceContextError);
        }
        let number = |text| u128::from_str_radix(text, 16).map_err(|_| TraceContextError);
        let trace = TraceId(number(trace)?.to_be_bytes());
        let span = u64::from_str_radix(span, 16).map_err(|_| TraceContextError)?;
        let flags = u8::from_str_radix(flags, 16).map_err(|_| TraceContextError)?;
        // Of a later version only the flags that version 00 knows are taken over.
        let flags = if version == "00" {
            flags
        } else {
            flags & SAMPLED
        };
        Self::new(trace, SpanId(span.to_be_bytes()), flags).ok_or(TraceContextError)
    }
}

/// The digits of W3C Trace Context, which has no capital letters.
const fn is_digit(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'a'..=b'f')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const EXAMPLE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn both_forms_come_back(trace in any::<[u8; 16]>(), span in any::<[u8; 8]>(), flags in any::<u8>()) {
            if let Some(context) = TraceContext::new(TraceId(trace), SpanId(span), flags) {
                prop_assert_eq!(TraceContext::from_bytes(context.to_bytes()), Some(context));
                prop_assert_eq!(context.to_string().parse(), Ok(context));
            }
        }

        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,60}") {
            if let Ok(context) = text.parse::<TraceContext>() {
                prop_assert!(text.starts_with(&context.to_string()[3..35]) || text.len() >= 55);
            }
        }
    }

    #[test]
    fn the_example_of_the_specification_is_read() {
        let context: TraceContext = EXAMPLE.parse().unwrap();
        assert!(context.is_sampled());
        assert_eq!(context.trace_text(), "4bf92f3577b34da6a3ce929d0e0e4736");
        assert_eq!(context.to_string(), EXAMPLE);
        let unsampled: TraceContext = EXAMPLE.replace("-01", "-00").parse().unwrap();
        assert!(!unsampled.is_sampled());
    }

    #[test]
    fn a_later_version_may_say_more() {
        let later = EXAMPLE.replacen("00-", "cc-", 1);
        for text in [format!("{later}-what-comes"), later.replace("-01", "-09")] {
            let context: TraceContext = text.parse().unwrap();
            assert_eq!(context.to_string(), EXAMPLE);
        }
    }

    #[test]
    fn what_the_specification_forbids_is_refused() {
        let wrong = [
            "".to_owned(),
            EXAMPLE.to_uppercase(),
            EXAMPLE.replacen("00-", "ff-", 1),
            format!("{EXAMPLE}-more"),
            format!("{EXAMPLE} "),
            EXAMPLE[..54].to_owned(),
            EXAMPLE.replace("00f067aa0ba902b7", "0000000000000000"),
            EXAMPLE.replace("4bf92f3577b34da6a3ce929d0e0e4736", &"0".repeat(32)),
            EXAMPLE.replace("-01", "-+1"),
        ];
        for text in wrong {
            assert_eq!(
                text.parse::<TraceContext>(),
                Err(TraceContextError),
                "{text}"
            );
        }
    }
}
