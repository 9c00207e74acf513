//! What the demo proposes about its faults: rules, playbooks and a module of Terraform, written into its
//! folder, for the tools that this machine has.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, ensure};
use tocsin_act::{AnsibleConfig, ProviderConfig, TerraformConfig};

use super::process::ShopProcess;

/// Rules that need Ansible, and the playbooks that they name.
const ANSIBLE_RULES: &str = include_str!("files/ansible.yml");
const PLAYBOOKS: [(&str, &str); 2] = [
    (
        "clean-volume.yml",
        include_str!("files/project/clean-volume.yml"),
    ),
    (
        "set-session-idle.yml",
        include_str!("files/project/set-session-idle.yml"),
    ),
];
/// Rules that need Terraform, and the module that they change.
const TERRAFORM_RULES: &str = include_str!("files/terraform.yml");
const MODULE: &str = include_str!("files/payment/main.tf");
/// What payments go through at first.
const PAYMENT_PROVIDER: &str = "payment_provider=paygate";
/// The programs of Ansible that are needed.
const ANSIBLE_PROGRAMS: [&str; 2] = ["ansible-playbook", "ansible-runner"];

/// The tools that are there, and what is not.
#[derive(Debug)]
pub(super) struct Remedies {
    folder: PathBuf,
    /// The folder of the programs of Ansible.
    ansible: Option<PathBuf>,
    /// The program.
    terraform: Option<PathBuf>,
    /// What is not there and what is not proposed therefore, a sentence each.
    missing: Vec<String>,
}

/// What automation is to be set up with.
#[derive(Debug)]
pub(super) struct Proposing {
    pub(super) rules: PathBuf,
    pub(super) providers: BTreeMap<String, ProviderConfig>,
    /// What is not there and what is not proposed therefore, a sentence each.
    pub(super) missing: Vec<String>,
}

impl Remedies {
    /// Looks for the tools in the folders of a search path, for Ansible first in `tools`, and prepares
    /// those that are there in a folder.
    ///
    /// # Errors
    /// If the folder cannot be written.
    pub(super) fn prepare(
        folder: PathBuf,
        tools: &Path,
        search: &[PathBuf],
    ) -> anyhow::Result<Self> {
        let of_tools = tools.join("ansible/bin");
        let mut folders = std::iter::once(&of_tools).chain(search);
        let has_all = |folder: &&PathBuf| {
            ANSIBLE_PROGRAMS
                .iter()
                .all(|name| folder.join(name).is_file())
        };
        let ansible = folders.find(has_all).cloned();
        let mut programs = search.iter().map(|folder| folder.join("terraform"));
        let mut remedies = Self {
            folder,
            ansible,
            terraform: programs.find(|program| program.is_file()),
            missing: Vec::new(),
        };
        if remedies.ansible.is_none() {
            remedies.missing.push(
                "Ansible is not there (`make demo` installs it), so nothing is proposed about the \
                 volume and the sessions"
                    .into(),
            );
        }
        remedies.prepare_terraform()?;
        Ok(remedies)
    }

    fn module(&self) -> PathBuf {
        self.folder.join("payment")
    }

    /// The state of Terraform that the shop reads; none without Terraform.
    pub(super) fn terraform_state(&self) -> Option<PathBuf> {
        let is_there = self.terraform.is_some();
        is_there.then(|| self.module().join("terraform.tfstate"))
    }

    /// Brings the module into the state in which the shop begins, unless it has one.
    fn prepare_terraform(&mut self) -> anyhow::Result<()> {
        let Some(program) = &self.terraform else {
            self.missing.push(
                "Terraform is not on the PATH, so no other payment provider is proposed".into(),
            );
            return Ok(());
        };
        let module = self.module();
        write(&module.join("main.tf"), MODULE)?;
        let variable = format!("-var={PAYMENT_PROVIDER}");
        let mut steps = vec![vec!["init"]];
        if !module.join("terraform.tfstate").exists() {
            steps.push(vec!["apply", "-auto-approve", &variable]);
        }
        for step in steps {
            if let Err(why) = terraform(program, &step, &module) {
                self.terraform = None;
                self.missing.push(format!(
                    "Terraform cannot be used, so no other payment provider is proposed: {why:#}"
                ));
                break;
            }
        }
        Ok(())
    }

    /// Writes rules and playbooks for a shop that runs.
    ///
    /// # Errors
    /// If they cannot be written.
    pub(super) fn write(self, shop: &ShopProcess) -> anyhow::Result<Proposing> {
        let mut providers = BTreeMap::new();
        let mut rules = String::new();
        if let Some(bin) = &self.ansible {
            rules += ANSIBLE_RULES;
            let provider = ProviderConfig::Ansible(self.write_project(bin, shop)?);
            providers.insert("ansible".into(), provider);
        }
        if let Some(program) = &self.terraform {
            rules += TERRAFORM_RULES;
            let config = TerraformConfig {
                module: self.module(),
                program: program.clone(),
                may_destroy: false,
            };
            providers.insert("terraform".into(), ProviderConfig::Terraform(config));
        }
        if rules.is_empty() {
            rules += "[]\n";
        }
        let path = self.folder.join("automations.yml");
        write(&path, &rules)?;
        Ok(Proposing {
            rules: path,
            providers,
            missing: self.missing,
        })
    }

    fn write_project(&self, bin: &Path, shop: &ShopProcess) -> anyhow::Result<AnsibleConfig> {
        let project = self.folder.join("project");
        for (name, text) in PLAYBOOKS {
            write(&project.join(name), text)?;
        }
        let inventory = self.folder.join("inventory.json");
        // The name of the host is the instance of the shop's series.
        let hosts = serde_json::json!({"all": {"hosts": {super::SHOP: {
            "ansible_connection": "local",
            "ansible_python_interpreter": "{{ ansible_playbook_python }}",
            "volume": shop.volume(),
            "settings": shop.settings(),
        }}}});
        write(&inventory, &format!("{hosts:#}\n"))?;
        Ok(AnsibleConfig {
            project,
            inventory,
            bin: bin.to_owned(),
            vault_password_file: None,
            dry_run: true,
        })
    }
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    let folder = path.parent().map_or(Ok(()), std::fs::create_dir_all);
    folder
        .and_then(|()| std::fs::write(path, text))
        .with_context(|| format!("cannot write `{}`", path.display()))
}

fn terraform(program: &Path, step: &[&str], module: &Path) -> anyhow::Result<()> {
    let output = Command::new(program)
        .args(step)
        .args(["-input=false", "-no-color"])
        .current_dir(module)
        .env("CHECKPOINT_DISABLE", "1")
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("`{}` does not run", program.display()))?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{}", said.trim());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rules_can_be_read_whichever_tool_is_there() {
        let both = [ANSIBLE_RULES, TERRAFORM_RULES].concat();
        let ids = |text: &str| -> Vec<String> {
            let rules = tocsin_act::parse_automations(text).unwrap();
            assert!(rules.iter().all(|rule| rule.is_enabled));
            rules.into_iter().map(|rule| rule.id).collect()
        };
        let expected = [
            "clean_volume",
            "evict_idle_sessions",
            "switch_payment_provider",
        ];
        assert_eq!(ids(&both), expected);
        assert_eq!(ids(ANSIBLE_RULES), expected[..2]);
        assert_eq!(ids(TERRAFORM_RULES), expected[2..]);
        assert_eq!(ids("[]\n"), [""; 0]);
    }

    #[test]
    fn what_is_not_there_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let empty = folder.path().join("empty");
        let remedies = Remedies::prepare(folder.path().into(), &empty, &[]).unwrap();
        assert_eq!(remedies.missing.len(), 2, "{:?}", remedies.missing);
        assert!(remedies.missing[0].starts_with("Ansible is not there"));
        assert!(remedies.missing[1].starts_with("Terraform is not on the PATH"));
        assert_eq!(remedies.terraform_state(), None);
        // One of the two programs of Ansible is not enough, and a tool that fails is as good as none.
        let bin = folder.path().join("bin");
        write(&bin.join("ansible-playbook"), "").unwrap();
        write(&bin.join("terraform"), "no program").unwrap();
        let remedies = Remedies::prepare(folder.path().into(), &empty, &[bin]).unwrap();
        assert_eq!(remedies.missing.len(), 2, "{:?}", remedies.missing);
        assert!(remedies.missing[1].starts_with("Terraform cannot be used"));
        assert_eq!(remedies.terraform_state(), None);
    }

    #[test]
    fn tools_of_the_project_come_first() {
        let folder = tempfile::tempdir().unwrap();
        let (tools, path) = (folder.path().join("tools"), folder.path().join("path"));
        for bin in [tools.join("ansible/bin"), path.clone()] {
            for program in ANSIBLE_PROGRAMS {
                write(&bin.join(program), "").unwrap();
            }
        }
        let work = folder.path().join("work");
        let search = [path.clone()];
        let remedies = Remedies::prepare(work.clone(), &tools, &search).unwrap();
        assert_eq!(remedies.ansible, Some(tools.join("ansible/bin")));
        let nowhere = folder.path().join("nowhere");
        let remedies = Remedies::prepare(work, &nowhere, &search).unwrap();
        assert_eq!(remedies.ansible, Some(path));
    }
}
