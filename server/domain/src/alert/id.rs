//! Identities of alerts, incidents and silences: UUIDs that sort by time.

use std::str::FromStr;

/// The identity of a label set: a 64-bit hash (XXH3), as 16 hexadecimal digits in text. Alerts of
/// the same labels have the same fingerprint, as in Alertmanager.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint(pub u64);

impl std::fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl FromStr for Fingerprint {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        u64::from_str_radix(text, 16).map(Self)
    }
}

macro_rules! uuid_identity {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u128);

        impl $name {
            /// An id from a time, in ms, and 10 bytes that tell it from others of that time.
            #[must_use]
            pub fn new(at_ms: i64, bytes: [u8; 10]) -> Self {
                let millis = u64::try_from(at_ms).unwrap_or(0);
                let uuid = uuid::Builder::from_unix_timestamp_millis(millis, &bytes).into_uuid();
                Self(uuid.as_u128())
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{}", uuid::Uuid::from_u128(self.0))
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        impl std::str::FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                uuid::Uuid::parse_str(text).map(|uuid| Self(uuid.as_u128()))
            }
        }
    };
}

pub(crate) use uuid_identity;

uuid_identity! {
    /// The identity of an alert. It follows from when the alert began and its fingerprint, so that
    /// what is delivered twice is one alert.
    AlertId
}

uuid_identity! {
    /// The identity of an incident.
    IncidentId
}

uuid_identity! {
    /// The identity of a silence.
    SilenceId
}

impl AlertId {
    /// The id of the alert of a fingerprint that began at a time, in ms.
    #[must_use]
    pub fn of(fingerprint: Fingerprint, starts_ms: i64) -> Self {
        let mut bytes = [0; 10];
        bytes[2..].copy_from_slice(&fingerprint.0.to_le_bytes());
        Self::new(starts_ms, bytes)
    }
}

impl IncidentId {
    /// The id of the incident that begins with an alert.
    #[must_use]
    pub fn of(first: AlertId, at_ms: i64) -> Self {
        let mut bytes = [0; 10];
        bytes[2..]
            .copy_from_slice(&xxhash_rust::xxh3::xxh3_64(&first.0.to_le_bytes()).to_le_bytes());
        Self::new(at_ms, bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alert_has_the_same_id_whenever_it_is_made_and_ids_sort_by_time() {
        let print = Fingerprint(0xdead_beef);
        assert_eq!(AlertId::of(print, 1000), AlertId::of(print, 1000));
        assert_ne!(AlertId::of(print, 1000), AlertId::of(Fingerprint(1), 1000));
        assert!(AlertId::of(print, 1000) < AlertId::of(Fingerprint(1), 2000));
        let text = AlertId::of(print, 1000).to_string();
        assert_eq!(text.parse::<AlertId>().unwrap(), AlertId::of(print, 1000));
        assert_eq!("00000000deadbeef".parse(), Ok(print));
        assert_eq!(print.to_string(), "00000000deadbeef");
    }
}
