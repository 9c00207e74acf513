//! `terraform` with the real one.

use std::path::PathBuf;
use std::process::Command;

use tocsin_domain::automation::{CallKind, ChangeCounts, Param, Params, PreviewKind, RunId};

use super::{NASTY, action, draft, end_of, leave, leave_to_undo, plan_as, text};
use crate::automation::provider::{Certainty, Order, Provider, Status};
use crate::automation::providers::terraform::{Terraform, TerraformConfig};

const MODULE: &str = r#"
variable "values" { type = list(string) }
resource "terraform_data" "one" { input = var.values }
resource "terraform_data" "many" {
  count            = length(var.values) > 1 ? 1 : 0
  triggers_replace = [var.values]
}
output "values" { value = terraform_data.one.output }
"#;

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        std::fs::create_dir(folder.module()).unwrap();
        std::fs::write(folder.module().join("main.tf"), MODULE).unwrap();
        let (code, text) = folder.run(&["init", "-input=false", "-no-color"]);
        assert_eq!(code, 0, "{text}");
        folder
    }

    fn module(&self) -> PathBuf {
        self.0.path().join("module")
    }

    fn run(&self, args: &[&str]) -> (i32, String) {
        let program = tocsin_harness::find_program("terraform").unwrap();
        let mut command = Command::new(program);
        command
            .args(args)
            .current_dir(self.module())
            .env("CHECKPOINT_DISABLE", "1");
        let output = command.env_remove("TF_CLI_CONFIG_FILE").output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        (output.status.code().unwrap(), text)
    }

    fn terraform(&self, may_destroy: bool) -> Terraform {
        let config = TerraformConfig {
            module: self.module(),
            program: tocsin_harness::find_program("terraform").unwrap(),
            may_destroy,
        };
        Terraform::new(config, self.0.path().join("work"))
    }

    fn values(&self) -> serde_json::Value {
        let (_, text) = self.run(&["output", "-json", "values"]);
        serde_json::from_str(&text).unwrap_or_default()
    }
}

fn params(values: &[&str]) -> Params {
    let values = values.iter().map(|value| text(value)).collect();
    let values = Params::from([("values".to_owned(), Param::List(values))]);
    Params::from([("vars".to_owned(), Param::Map(values))])
}

#[tokio::test]
async fn exactly_the_plan_that_was_agreed_to_is_applied_with_every_value_as_it_is() {
    let folder = Folder::new();
    let terraform = folder.terraform(false);
    terraform.check().await.unwrap();
    let params = params(NASTY);
    let planned = terraform.plan(&draft(&params)).await.unwrap();
    assert_eq!(planned.preview.kind, PreviewKind::Plan);
    let counts = ChangeCounts {
        add: 2,
        change: 0,
        destroy: 0,
    };
    assert_eq!(planned.preview.counts, Some(counts));
    assert_eq!(
        folder.values(),
        serde_json::Value::Null,
        "a plan changes nothing"
    );
    let approval = leave(&action(&params), &planned);
    terraform.execute(&approval).await.unwrap();
    let end = end_of(&terraform, approval.plan(), CallKind::Execute).await;
    assert!(
        matches!(&end, Status::Succeeded(said) if said.contains("2 added")),
        "{end:?}"
    );
    assert_eq!(folder.values(), serde_json::json!(NASTY));
    let order = Order {
        plan: approval.plan(),
        kind: CallKind::Execute,
        handle: None,
    };
    let (output, _) = terraform.output(&order, 0).await.unwrap();
    assert!(output.contains("Apply complete!"), "{output}");
    let again = folder
        .terraform(false)
        .execute(&approval)
        .await
        .unwrap_err();
    assert_eq!(again.certainty, Certainty::Unsure);
}

#[tokio::test]
async fn another_plan_file_than_the_one_that_was_agreed_to_is_not_applied() {
    let folder = Folder::new();
    let terraform = folder.terraform(false);
    let (seen, other) = (params(&["seen"]), params(&["other"]));
    let planned = terraform.plan(&draft(&seen)).await.unwrap();
    let approval = leave(&action(&seen), &planned);
    // The same run is planned once more, with other values.
    terraform.plan(&draft(&other)).await.unwrap();
    let error = terraform.execute(&approval).await.unwrap_err();
    assert_eq!(error.certainty, Certainty::Never);
    assert!(error.detail.contains("another one"), "{}", error.detail);
    assert_eq!(folder.values(), serde_json::Value::Null);
}

#[tokio::test]
async fn what_destroys_is_refused_unless_it_is_allowed_and_what_changes_nothing_is_no_plan() {
    let folder = Folder::new();
    let terraform = folder.terraform(false);
    let many = params(&["a", "b"]);
    let planned = terraform.plan(&draft(&many)).await.unwrap();
    let approval = leave(&action(&many), &planned);
    terraform.execute(&approval).await.unwrap();
    end_of(&terraform, approval.plan(), CallKind::Execute).await;
    let nothing = terraform.plan(&draft(&many)).await.unwrap_err();
    assert!(nothing.detail.contains("nothing to change") && !nothing.is_temporary);
    let one = params(&["a"]);
    let refused = terraform.plan(&draft(&one)).await.unwrap_err();
    assert!(
        refused.detail.contains("would destroy 1"),
        "{}",
        refused.detail
    );
    let allowed = folder.terraform(true).plan(&draft(&one)).await.unwrap();
    let counts = ChangeCounts {
        add: 0,
        change: 1,
        destroy: 1,
    };
    assert_eq!(allowed.preview.counts, Some(counts));
    let odd = Params::from([("target".to_owned(), text("x"))]);
    assert!(
        terraform
            .plan(&draft(&odd))
            .await
            .unwrap_err()
            .detail
            .contains("params.target")
    );
}

#[tokio::test]
async fn it_is_undone_with_the_values_that_were_agreed_to() {
    let folder = Folder::new();
    let terraform = folder.terraform(false);
    let (act, undo) = (params(&["after"]), params(&["before"]));
    let planned = terraform.plan(&draft(&act)).await.unwrap();
    let described = terraform.describe(&draft(&undo)).await.unwrap();
    let undo = action(&undo);
    let plan = plan_as(
        RunId(77),
        &action(&act),
        Some((&undo, &described)),
        &planned,
    );
    let approval = super::leave_as(
        RunId(77),
        &action(&act),
        Some((&undo, &described)),
        &planned,
    );
    terraform.execute(&approval).await.unwrap();
    end_of(&terraform, &plan, CallKind::Execute).await;
    assert_eq!(folder.values(), serde_json::json!(["after"]));
    terraform.rollback(&leave_to_undo(&plan)).await.unwrap();
    let end = end_of(&terraform, &plan, CallKind::Rollback).await;
    assert!(matches!(end, Status::Succeeded(_)), "{end:?}");
    assert_eq!(folder.values(), serde_json::json!(["before"]));
}

#[tokio::test]
async fn a_plan_file_that_is_not_carried_out_is_removed() {
    let folder = Folder::new();
    let terraform = folder.terraform(false);
    let params = params(&["x"]);
    let planned = terraform.plan(&draft(&params)).await.unwrap();
    let approval = leave(&action(&params), &planned);
    let run = approval.plan().run;
    let said = terraform.discard(run, Some(approval.plan())).await;
    assert_eq!(said, Ok(Some("the plan file is removed".into())));
    assert_eq!(terraform.discard(run, None).await, Ok(None));
    let error = terraform.execute(&approval).await.unwrap_err();
    assert_eq!(error.certainty, Certainty::Never);
}
