//! A plan: what exactly will happen, never changed once it is made.

use std::fmt;
use std::str::FromStr;

use super::canonical::Canonical;
use super::param::{Params, excess, write_map};
use super::rule::{ApprovalStage, FailurePolicy, Risk, VerifyRule};
use super::run::{Episode, RunId};
use crate::alert::named;

/// The SHA-256 of [`Plan::canonical_bytes`], as 64 hexadecimal digits in text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PlanHash(pub [u8; 32]);

impl fmt::Display for PlanHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl FromStr for PlanHash {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || format!("`{text}` is not the hash of a plan (64 hexadecimal digits)");
        let mut bytes = [0; 32];
        if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(wrong());
        }
        for (byte, digits) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
            let digits = std::str::from_utf8(digits).map_err(|_| wrong())?;
            *byte = u8::from_str_radix(digits, 16).map_err(|_| wrong())?;
        }
        Ok(Self(bytes))
    }
}

named! {
    /// How what will happen was found out.
    PreviewKind {
        /// It was not: the provider cannot say what would happen.
        None = "none",
        /// What is asked for is shown, and was not tried.
        Described = "described",
        /// It was tried without changing anything.
        DryRun = "dry_run",
        /// It is a plan of the provider's own, which is carried out as it is.
        Plan = "plan",
    }
}

/// How much a plan changes, where the provider says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ChangeCounts {
    /// What is added.
    pub add: u64,
    /// What is changed.
    pub change: u64,
    /// What is destroyed.
    pub destroy: u64,
}

/// What would happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview {
    /// How that was found out.
    pub kind: PreviewKind,
    /// What it says: output, a diff, a request. At most [`Preview::TEXT_BYTES_MAX`].
    pub text: String,
    /// How much changes.
    pub counts: Option<ChangeCounts>,
    /// On which hosts.
    pub hosts: Vec<String>,
    /// Hashes of the files that it depends on, by name: a playbook, a script, a plan file. One that
    /// is another one by the time of execution voids the plan.
    pub artifacts: Vec<(String, String)>,
}

impl Preview {
    /// The most bytes of its text; what is longer is cut.
    pub const TEXT_BYTES_MAX: usize = 256 * 1024;
    /// The most hosts.
    pub const HOSTS_MAX: usize = 10_000;
}

/// An action with all its values.
#[derive(Debug, Clone, PartialEq)]
pub struct PlannedAction {
    /// The name of the provider in the configuration.
    pub provider: String,
    /// What is run there, for people: `script clean_tmp`.
    pub template: String,
    /// The address it goes to, where the rule names one.
    pub base_url: Option<String>,
    /// The values.
    pub params: Params,
}

impl PlannedAction {
    /// What bounds its parameters exceed, or what they hold that cannot be; none: they may be.
    #[must_use]
    pub fn excess(&self) -> Option<String> {
        excess(&self.params)
    }

    fn write(&self, into: &mut Canonical) {
        into.text(&self.provider);
        into.text(&self.template);
        into.optional_text(self.base_url.as_deref());
        write_map(&self.params, into);
    }
}

/// What exactly will happen if people say yes.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// The run that it is of.
    pub run: RunId,
    /// The rule.
    pub rule: String,
    /// Its version.
    pub rule_version: u32,
    /// About what.
    pub episode: Episode,
    /// What it is done to; no two runs do something to one of these at the same time.
    pub targets: Vec<String>,
    /// What is done.
    pub action: PlannedAction,
    /// How it is undone.
    pub rollback: Option<PlannedAction>,
    /// What would happen.
    pub preview: Preview,
    /// How dangerous that is.
    pub risk: Risk,
    /// Who is to agree, in this order; none: nobody need.
    pub stages: Vec<ApprovalStage>,
    /// Whether two people are to agree, neither of whom proposed it.
    pub is_two_person: bool,
    /// Why someone is to agree, or nobody need.
    pub approval_because: String,
    /// Who proposed it: a user, or `system`.
    pub proposer: String,
    /// How it is seen that it helped.
    pub verify: Option<VerifyRule>,
    /// What is done if it did not.
    pub on_failure: FailurePolicy,
    /// Whether the alert is resolved when it helped.
    pub resolves_alert: bool,
    /// How long it may take, in seconds.
    pub timeout_secs: u32,
    /// When it was made, in ms.
    pub made_ms: i64,
    /// Until when it may begin, in ms, exclusive.
    pub expires_ms: i64,
}

impl Plan {
    /// Everything in it as bytes: equal for equal plans, and different for any two that differ.
    #[must_use]
    pub fn canonical_bytes(&self) -> Vec<u8> {
        let mut into = Canonical::default();
        into.text("tocsin plan 1");
        into.wide(self.run.0);
        into.text(&self.rule);
        into.integer(i64::from(self.rule_version));
        into.wide(self.episode.alert.0);
        into.integer(self.episode.since_ms);
        into.texts(self.targets.iter().map(String::as_str));
        self.action.write(&mut into);
        match &self.rollback {
            Some(rollback) => rollback.write(&mut into),
            None => into.none(),
        }
        self.write_preview(&mut into);
        into.text(self.risk.level.name());
        into.texts(self.risk.reasons.iter().map(String::as_str));
        self.write_conditions(&mut into);
        into.0
    }

    fn write_preview(&self, into: &mut Canonical) {
        let preview = &self.preview;
        into.text(preview.kind.name());
        into.text(&preview.text);
        match preview.counts {
            Some(counts) => {
                into.wide(u128::from(counts.add));
                into.wide(u128::from(counts.change));
                into.wide(u128::from(counts.destroy));
            }
            None => into.none(),
        }
        into.texts(preview.hosts.iter().map(String::as_str));
        into.row(preview.artifacts.len());
        for (name, hash) in &preview.artifacts {
            into.text(name);
            into.text(hash);
        }
    }

    fn write_conditions(&self, into: &mut Canonical) {
        into.row(self.stages.len());
        for stage in &self.stages {
            into.texts(stage.approvers.iter().map(String::as_str));
            into.integer(i64::from(stage.count));
        }
        into.truth(self.is_two_person);
        into.text(&self.approval_because);
        into.text(&self.proposer);
        match &self.verify {
            Some(verify) => verify.write(into),
            None => into.none(),
        }
        into.truth(self.on_failure.rolls_back);
        into.optional_text(self.on_failure.escalates_to.map(|severity| severity.name()));
        into.truth(self.resolves_alert);
        into.integer(i64::from(self.timeout_secs));
        into.integer(self.made_ms);
        into.integer(self.expires_ms);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::{AlertId, AlertSeverity};
    use crate::automation::{Param, RiskLevel};

    fn plan() -> Plan {
        let action = PlannedAction {
            provider: "scripts".into(),
            template: "script clean".into(),
            base_url: None,
            params: Params::from([("host".into(), Param::Text("web-1".into()))]),
        };
        Plan {
            run: RunId(1),
            rule: "clean".into(),
            rule_version: 1,
            episode: Episode {
                alert: AlertId(1),
                since_ms: 1,
            },
            targets: vec!["web-1".into()],
            rollback: Some(action.clone()),
            action,
            preview: Preview {
                kind: PreviewKind::DryRun,
                text: "- a".into(),
                counts: Some(ChangeCounts::default()),
                hosts: vec!["web-1".into()],
                artifacts: vec![("play.yml".into(), "00".into())],
            },
            risk: Risk {
                level: RiskLevel::Low,
                reasons: vec!["deletes files".into()],
            },
            stages: vec![ApprovalStage {
                approvers: vec!["ana".into()],
                count: 1,
            }],
            is_two_person: false,
            approval_because: "always".into(),
            proposer: "system".into(),
            verify: Some(VerifyRule {
                after_secs: 1,
                timeout_secs: 2,
                expect: "true".into(),
                metrics: std::collections::BTreeMap::new(),
                templates: std::collections::BTreeMap::new(),
            }),
            on_failure: FailurePolicy::default(),
            resolves_alert: true,
            timeout_secs: 60,
            made_ms: 5,
            expires_ms: 10,
        }
    }

    #[test]
    fn whatever_changes_in_a_plan_changes_its_bytes() {
        let changes: [fn(&mut Plan); 26] = [
            |p| p.run = RunId(2),
            |p| p.rule.push('x'),
            |p| p.rule_version = 2,
            |p| p.episode.alert = AlertId(2),
            |p| p.episode.since_ms = 2,
            |p| p.targets.push("web-2".into()),
            |p| p.action.provider.push('x'),
            |p| p.action.template.push('x'),
            |p| p.action.base_url = Some(String::new()),
            |p| drop(p.action.params.insert("host".into(), Param::Null)),
            |p| p.rollback = None,
            |p| p.preview.kind = PreviewKind::Plan,
            |p| p.preview.text.push('x'),
            |p| p.preview.counts = None,
            |p| p.preview.hosts.clear(),
            |p| p.preview.artifacts[0].1.push('1'),
            |p| p.risk.level = RiskLevel::High,
            |p| p.risk.reasons.clear(),
            |p| p.stages[0].approvers[0] = "bob".into(),
            |p| p.is_two_person = true,
            |p| p.proposer = "ana".into(),
            |p| p.verify = None,
            |p| p.on_failure.escalates_to = Some(AlertSeverity::High),
            |p| p.resolves_alert = false,
            |p| p.timeout_secs = 61,
            |p| p.expires_ms = 11,
        ];
        let mut all = vec![plan().canonical_bytes()];
        for (at, change) in changes.iter().enumerate() {
            let mut changed = plan();
            change(&mut changed);
            let bytes = changed.canonical_bytes();
            assert!(!all.contains(&bytes), "change {at}");
            all.push(bytes);
        }
        assert_eq!(all[0], plan().canonical_bytes());
    }

    #[test]
    fn a_hash_is_sixty_four_digits() {
        let hash = PlanHash([0xab; 32]);
        assert_eq!(hash.to_string().parse(), Ok(hash));
        assert!("ab".parse::<PlanHash>().is_err());
        assert!("é".repeat(32).parse::<PlanHash>().is_err());
    }
}
