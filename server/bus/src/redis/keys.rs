//! The names of everything a bus keeps in Redis. They share one hash tag, so that a call can write
//! to several partitions as one.

/// The keys of one bus and one group of readers.
#[derive(Debug, Clone)]
pub(super) struct Keys {
    tag: String,
    group: String,
    process: String,
}

impl Keys {
    pub(super) fn new(prefix: &str, name: &str, group: &str, process: &str) -> Self {
        Self {
            tag: format!("{{{prefix}:{name}}}"),
            group: group.to_owned(),
            process: process.to_owned(),
        }
    }

    /// The group of readers.
    pub(super) fn group(&self) -> &str {
        &self.group
    }

    /// Who this process is.
    pub(super) fn process(&self) -> &str {
        &self.process
    }

    /// Hash: the number of partitions, and how much waits.
    pub(super) fn bus(&self) -> String {
        format!("{}:bus", self.tag)
    }

    /// Set: all groups that read.
    pub(super) fn groups(&self) -> String {
        format!("{}:groups", self.tag)
    }

    /// Sorted set: the processes of the group that work, and until when that holds.
    pub(super) fn members(&self) -> String {
        format!("{}:members:{}", self.tag, self.group)
    }

    /// Hash: the calls of this process that it may still ask about.
    pub(super) fn calls(&self) -> String {
        format!("{}:calls:{}", self.tag, self.process)
    }

    /// Channel: the partitions that something was appended to.
    pub(super) fn bell(&self) -> String {
        format!("{}:bell", self.tag)
    }

    /// Stream: the events of a partition.
    pub(super) fn events(&self, partition: u16) -> String {
        format!("{}:{partition}:events", self.tag)
    }

    /// List: the bytes of each event of the stream.
    pub(super) fn sizes(&self, partition: u16) -> String {
        format!("{}:{partition}:sizes", self.tag)
    }

    /// Hash: offsets and leases of a partition.
    pub(super) fn state(&self, partition: u16) -> String {
        format!("{}:{partition}:state", self.tag)
    }
}
