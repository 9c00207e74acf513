//! `script` with real programs.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tocsin_domain::automation::{CallKind, Param, Params, RunId};

use super::{NASTY, action, draft, end_of, leave, leave_as, leave_to_undo, plan_as, text};
use crate::automation::policy::Approval;
use crate::automation::provider::{Certainty, Order, Provider, Status};
use crate::automation::providers::script::{ScriptConfig, Scripts, ScriptsConfig};

/// A folder with a program in it.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new(program: &str) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        folder.write(program);
        folder
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("program")
    }

    fn write(&self, program: &str) {
        // Written by another process: a file that is open for writing here while another test
        // starts a program cannot be run.
        let source = self.0.path().join("source");
        std::fs::write(&source, program).unwrap();
        let mut install = std::process::Command::new("install");
        let installed = install
            .args(["-m", "755"])
            .arg(source)
            .arg(self.path())
            .status();
        assert!(installed.unwrap().success());
    }

    /// The provider, as after a start of the server.
    fn scripts(&self) -> Scripts {
        let script = ScriptConfig {
            path: self.path(),
            options: vec!["--quiet".into()],
        };
        let config = ScriptsConfig {
            scripts: BTreeMap::from([("program".to_owned(), script)]),
        };
        let owner = rustix::process::getuid().as_raw();
        Scripts::new(config, self.0.path().join("work")).owned_by(owner)
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.0.path().join(name)).unwrap_or_default()
    }
}

fn params(args: &[Param]) -> Params {
    let args = Param::List(args.to_vec());
    Params::from([
        ("script".to_owned(), text("program")),
        ("args".to_owned(), args),
    ])
}

async fn agreed(scripts: &Scripts, params: &Params) -> Approval {
    let planned = scripts.plan(&draft(params)).await.unwrap();
    leave(&action(params), &planned)
}

/// A program that says what it was given, each argument in brackets.
fn telling(folder: &Path) -> String {
    let told = folder.join("told").display().to_string();
    format!("#!/bin/sh\nfor one in \"$@\"; do printf '[%s]\\0' \"$one\" >> {told}; done\n")
}

#[tokio::test]
async fn every_argument_arrives_as_it_is() {
    let folder = Folder::new("");
    folder.write(&telling(folder.0.path()));
    let scripts = folder.scripts();
    let mut args: Vec<Param> = NASTY.iter().map(|nasty| text(nasty)).collect();
    args.extend([
        text("--quiet"),
        Param::Int(-3),
        Param::Bool(true),
        Param::Number(0.5),
    ]);
    let approval = agreed(&scripts, &params(&args)).await;
    scripts.execute(&approval).await.unwrap();
    let end = end_of(&scripts, approval.plan(), CallKind::Execute).await;
    assert_eq!(end, Status::Succeeded("exit code 0".into()));
    let words = NASTY
        .iter()
        .copied()
        .chain(["--quiet", "-3", "true", "0.5"]);
    let expected: String = words.map(|word| format!("[{word}]\0")).collect();
    assert_eq!(folder.read("told"), expected);
    assert!(!Path::new("/tmp/tocsin-was-here").exists());
}

#[tokio::test]
async fn what_is_not_of_the_list_is_refused() {
    let folder = Folder::new("#!/bin/sh\n");
    let scripts = folder.scripts();
    let refused = |params: Params| {
        let scripts = &scripts;
        async move { scripts.plan(&draft(&params)).await.unwrap_err().detail }
    };
    let other = Params::from([("script".to_owned(), text("/bin/sh"))]);
    assert!(refused(other).await.contains("there is no script"));
    assert!(
        refused(params(&[text("--all")]))
            .await
            .contains("no option")
    );
    assert!(refused(params(&[text("-rf")])).await.contains("no option"));
    assert!(
        refused(params(&[Param::Null]))
            .await
            .contains("texts and numbers")
    );
    let mut odd = params(&[]);
    odd.insert("shell".into(), text("bash"));
    assert!(refused(odd).await.contains("params.shell"));
    assert!(scripts.check().await.is_ok());
    std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o777)).unwrap();
    assert!(refused(params(&[])).await.contains("nobody else to write"));
    assert!(scripts.check().await.is_err());
    std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o644)).unwrap();
    assert!(refused(params(&[])).await.contains("expected a program"));
    if rustix::process::getuid().is_root() {
        std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755)).unwrap();
        std::os::unix::fs::chown(folder.path(), Some(12_345), None).unwrap();
        assert!(refused(params(&[])).await.contains("root's"));
    }
}

#[tokio::test]
async fn a_program_that_was_changed_since_is_not_run() {
    let folder = Folder::new("#!/bin/sh\n");
    let scripts = folder.scripts();
    let approval = agreed(&scripts, &params(&[])).await;
    folder.write("#!/bin/sh\necho evil\n");
    let error = scripts.execute(&approval).await.unwrap_err();
    assert_eq!(error.certainty, Certainty::Never);
    assert!(error.detail.contains("another one"), "{}", error.detail);
    let order = Order {
        plan: approval.plan(),
        kind: CallKind::Execute,
        handle: None,
    };
    assert_eq!(scripts.status(&order).await, Ok(Status::Unknown));
}

#[tokio::test]
async fn one_key_is_begun_once_whoever_asks_and_its_output_is_kept() {
    let folder = Folder::new("");
    let told = folder.0.path().join("told").display().to_string();
    folder.write(&format!(
        "#!/bin/sh\necho once >> {told}\nprintf 'a\\377b\\303\\251'\nexit 3\n"
    ));
    let scripts = folder.scripts();
    let approval = agreed(&scripts, &params(&[])).await;
    scripts.execute(&approval).await.unwrap();
    for scripts in [&scripts, &folder.scripts()] {
        let again = scripts.execute(&approval).await.unwrap_err();
        assert_eq!(again.certainty, Certainty::Unsure);
    }
    let end = end_of(&scripts, approval.plan(), CallKind::Execute).await;
    assert!(
        matches!(&end, Status::Failed(why) if why.starts_with("exit code 3")),
        "{end:?}"
    );
    assert_eq!(folder.read("told"), "once\n");
    let order = Order {
        plan: approval.plan(),
        kind: CallKind::Execute,
        handle: None,
    };
    let output = scripts.output(&order, 0).await.unwrap();
    assert_eq!(output, ("a?bé".to_owned(), 5));
    // Another server reads the same from the folder.
    assert_eq!(folder.scripts().status(&order).await, Ok(end));
    assert_eq!(
        folder.scripts().output(&order, 3).await,
        Ok(("é".to_owned(), 5))
    );
}

#[tokio::test]
async fn what_outlives_the_server_is_known_again_and_can_be_stopped() {
    let folder = Folder::new("#!/bin/sh\nsleep 300 &\nsleep 300\n");
    let (first, approval) = {
        let scripts = folder.scripts();
        let approval = agreed(&scripts, &params(&[])).await;
        scripts.execute(&approval).await.unwrap();
        (scripts, approval)
    };
    // The server is gone, and with it whoever waited for the program.
    drop(first);
    let scripts = folder.scripts();
    let order = Order {
        plan: approval.plan(),
        kind: CallKind::Execute,
        handle: None,
    };
    assert_eq!(scripts.status(&order).await, Ok(Status::Running));
    scripts.cancel(&order).await.unwrap();
    // How it ended nobody saw.
    let end = end_of(&scripts, approval.plan(), CallKind::Execute).await;
    assert!(matches!(end, Status::Lost(_)), "{end:?}");
    assert_eq!(
        scripts.execute(&approval).await.unwrap_err().certainty,
        Certainty::Never
    );
}

#[tokio::test]
async fn a_program_is_stopped_with_all_that_it_started() {
    let folder = Folder::new("");
    let told = folder.0.path().join("told").display().to_string();
    folder.write(&format!(
        "#!/bin/sh\n(sleep 300; echo late >> {told}) &\necho $! > {told}\nwait\n"
    ));
    let scripts = folder.scripts();
    let approval = agreed(&scripts, &params(&[])).await;
    scripts.execute(&approval).await.unwrap();
    let is_there = || folder.read("told").ends_with('\n').then_some(());
    tocsin_harness::wait_for("the child", is_there).unwrap();
    let child: u32 = folder.read("told").trim().parse().unwrap();
    let order = Order {
        plan: approval.plan(),
        kind: CallKind::Execute,
        handle: None,
    };
    scripts.cancel(&order).await.unwrap();
    let end = end_of(&scripts, approval.plan(), CallKind::Execute).await;
    assert_eq!(end, Status::Cancelled("it was stopped".into()));
    let is_gone = || {
        let stat = std::fs::read_to_string(format!("/proc/{child}/stat"));
        stat.map_or(true, |stat| stat.contains(") Z")).then_some(())
    };
    tocsin_harness::wait_for("the end of the child", is_gone).unwrap();
}

#[tokio::test]
async fn what_was_called_off_before_it_began_never_begins() {
    let folder = Folder::new("#!/bin/sh\n");
    let scripts = folder.scripts();
    let approval = agreed(&scripts, &params(&[])).await;
    let order = Order {
        plan: approval.plan(),
        kind: CallKind::Execute,
        handle: None,
    };
    scripts.cancel(&order).await.unwrap();
    assert_eq!(
        scripts.execute(&approval).await.unwrap_err().certainty,
        Certainty::Never
    );
    assert_eq!(scripts.status(&order).await, Ok(Status::Unknown));
    // Another run is not held up by it.
    let planned = scripts.plan(&draft(&params(&[]))).await.unwrap();
    let other = leave_as(RunId(78), &action(&params(&[])), None, &planned);
    scripts.execute(&other).await.unwrap();
    let end = end_of(&scripts, other.plan(), CallKind::Execute).await;
    assert_eq!(end, Status::Succeeded("exit code 0".into()));
}

#[tokio::test]
async fn it_is_undone_by_what_was_agreed_to_and_under_a_key_of_its_own() {
    let folder = Folder::new("");
    folder.write(&telling(folder.0.path()));
    let scripts = folder.scripts();
    let (act, undo) = (params(&[text("do")]), params(&[text("undo")]));
    let planned = scripts.plan(&draft(&act)).await.unwrap();
    let described = scripts.describe(&draft(&undo)).await.unwrap();
    let undo = action(&undo);
    let plan = plan_as(RunId(5), &action(&act), Some((&undo, &described)), &planned);
    let approval = leave_to_undo(&plan);
    scripts.rollback(&approval).await.unwrap();
    let end = end_of(&scripts, &plan, CallKind::Rollback).await;
    assert_eq!(end, Status::Succeeded("exit code 0".into()));
    assert_eq!(folder.read("told"), "[undo]\0");
    let order = Order {
        plan: &plan,
        kind: CallKind::Execute,
        handle: None,
    };
    assert_eq!(scripts.status(&order).await, Ok(Status::Unknown));
}
