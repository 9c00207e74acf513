//! Doubles of controllers that carry things out: strict where their vendors are, and made to fail on
//! demand. Tests hold each against its vendor's own client.

mod awx;
mod awx_jobs;
mod terraform_cloud;
mod terraform_cloud_runs;

pub use crate::web::{Mood, Reply, Request};
pub use awx::{AwxDouble, AwxSettings};
pub use awx_jobs::AwxJob;
pub use terraform_cloud::{TerraformCloudDouble, TerraformCloudSettings};
pub use terraform_cloud_runs::CloudRun;
