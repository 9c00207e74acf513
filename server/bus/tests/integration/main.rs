//! The embedded bus against the contract and against the world: kills, full disks, bad bytes.

mod contract;
