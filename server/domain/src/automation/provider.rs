//! Providers: where actions are carried out.

use crate::alert::named;

named! {
    /// Which kind of provider.
    ProviderKind {
        /// A program of a list that the owner of the machine made.
        Script = "script",
        /// A signed request.
        Webhook = "webhook",
        /// Ansible on this machine.
        Ansible = "ansible",
        /// The command line of Terraform on this machine.
        Terraform = "terraform",
        /// A controller of Ansible: AWX, Tower or Ansible Automation Platform.
        AnsibleTower = "ansible_tower",
        /// HCP Terraform or Terraform Enterprise.
        TerraformCloud = "terraform_cloud",
        /// Incidents and change requests of ServiceNow.
        ServiceNow = "servicenow",
        /// Issues of Jira.
        Jira = "jira",
        /// Issues of GitHub.
        GitHub = "github",
    }
}

/// How a provider is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderHealth {
    /// Its name in the configuration.
    pub name: String,
    /// Which kind it is.
    pub kind: ProviderKind,
    /// Whether it is there and what we may do is enough.
    pub is_healthy: bool,
    /// What it said, or what is wrong and what to do. Nothing secret is in it.
    pub detail: String,
    /// How long it took, in ms.
    pub took_ms: u64,
    /// When it was asked, in ms.
    pub checked_ms: i64,
}
