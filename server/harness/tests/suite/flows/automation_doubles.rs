//! The doubles of controllers, held against what their vendors give people to talk to them: what these
//! can do with a double is what a test that passes against it is worth.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tocsin_harness::controllers::{AwxDouble, TerraformCloudDouble};
use tocsin_harness::{controller_clients, find_program};

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/clients")
        .join(name)
}

/// Runs a program to its good end, and gives what it printed.
fn run(command: &mut Command) -> anyhow::Result<String> {
    // A proxy of the machine is not asked for its own addresses.
    let output = command.env("NO_PROXY", "127.0.0.1,localhost").output()?;
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    let said = String::from_utf8_lossy(&output.stderr);
    anyhow::ensure!(output.status.success(), "{command:?}: {printed}{said}");
    Ok(printed)
}

#[test]
fn the_client_of_awx_takes_its_double_for_awx() -> anyhow::Result<()> {
    let double = AwxDouble::start()?;
    let bin = controller_clients()?;
    let mut command = Command::new(bin.join("python"));
    command.arg(script("awx_double.py")).args([
        &double.url(),
        AwxDouble::TOKEN,
        AwxDouble::USER,
        AwxDouble::PASSWORD,
    ]);
    run(command.arg(bin.join("awx")))?;
    let jobs = double.jobs();
    let keys: Vec<String> = jobs.iter().map(|job| job.key()).collect();
    assert_eq!(keys, ["key-1", "key-2", "", "key-3", "key-4"]);
    assert!(jobs[0].is_check() && !jobs[4].is_check());
    Ok(())
}

#[test]
fn the_client_of_hcp_terraform_takes_its_double_for_it() -> anyhow::Result<()> {
    let double = TerraformCloudDouble::start()?;
    let bin = controller_clients()?;
    let mut command = Command::new(bin.join("python"));
    command.arg(script("terraform_cloud_double.py")).args([
        &double.url(),
        TerraformCloudDouble::TOKEN,
        TerraformCloudDouble::ORGANIZATION,
        TerraformCloudDouble::WORKSPACE,
    ]);
    run(&mut command)?;
    let runs = double.runs();
    assert_eq!(runs[0].variable("flag").as_deref(), Some("\"on\""));
    assert_eq!(
        (runs[0].applies, runs[0].comments.clone()),
        (1, vec!["yes".to_owned()])
    );
    Ok(())
}

/// TLS in front of the double. It ends when it is dropped.
struct Front {
    child: Child,
    port: u16,
}

impl Front {
    fn start(folder: &Path, url: &str) -> anyhow::Result<Self> {
        let (certificate, key) = (folder.join("cert.pem"), folder.join("key.pem"));
        let mut openssl = Command::new(find_program("openssl")?);
        openssl.args(
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2".split(' '),
        );
        openssl.args([
            "-subj",
            "/CN=localhost",
            "-addext",
            "subjectAltName=DNS:localhost",
        ]);
        run(openssl
            .arg("-out")
            .arg(&certificate)
            .arg("-keyout")
            .arg(&key))?;
        let port = url.rsplit(':').next().unwrap_or_default().to_owned();
        let mut child = Command::new(controller_clients()?.join("python"))
            .arg(script("tls_front.py"))
            .args([&certificate, &key])
            .arg(port)
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        let stdout = child.stdout.take().map(BufReader::new);
        stdout
            .map(|mut stdout| stdout.read_line(&mut line))
            .transpose()?;
        let port = line.trim().parse();
        let mut front = Self { child, port: 0 };
        front.port = port?;
        Ok(front)
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _gone = self.child.kill();
        let _reaped = self.child.wait();
    }
}

#[test]
fn the_command_line_of_terraform_plans_and_applies_on_the_double() -> anyhow::Result<()> {
    let double = TerraformCloudDouble::start()?;
    let folder = tempfile::tempdir()?;
    let front = Front::start(folder.path(), &double.url())?;
    let module = folder.path().join("module");
    fs::create_dir(&module)?;
    let main = format!(
        "terraform {{\n  cloud {{\n    hostname = \"localhost:{}\"\n    organization = \"{}\"\n    \
        workspaces {{\n      name = \"{}\"\n    }}\n  }}\n}}\n\
        resource \"terraform_data\" \"flag\" {{\n  input = \"on\"\n}}\n",
        front.port,
        TerraformCloudDouble::ORGANIZATION,
        TerraformCloudDouble::WORKSPACE,
    );
    fs::write(module.join("main.tf"), main)?;
    let credentials = format!(
        "credentials \"localhost:{}\" {{\n  token = \"{}\"\n}}\n",
        front.port,
        TerraformCloudDouble::TOKEN,
    );
    fs::write(folder.path().join("terraformrc"), credentials)?;
    let program = find_program("terraform")?;
    let terraform = |arguments: &[&str]| {
        let mut command = Command::new(&program);
        command
            .args(arguments)
            .current_dir(&module)
            .env("SSL_CERT_FILE", folder.path().join("cert.pem"))
            .env("TF_CLI_CONFIG_FILE", folder.path().join("terraformrc"))
            .env("HOME", folder.path())
            .env("TF_IN_AUTOMATION", "1")
            .env("CHECKPOINT_DISABLE", "1");
        run(&mut command)
    };
    terraform(&["init", "-input=false", "-no-color"])?;
    let said = terraform(&["plan", "-input=false", "-no-color"])?;
    assert!(
        said.contains("Plan: 1 to add, 0 to change, 0 to destroy."),
        "{said}"
    );
    let said = terraform(&["apply", "-auto-approve", "-input=false", "-no-color"])?;
    assert!(
        said.contains("Apply complete! Resources: 1 added"),
        "{said}"
    );
    let runs = double.runs();
    assert_eq!((runs.len(), double.uploads()), (2, 2));
    assert_eq!(
        (runs[0].status.as_str(), runs[0].applies),
        ("planned_and_finished", 0)
    );
    assert_eq!((runs[1].status.as_str(), runs[1].applies), ("applied", 1));
    // What it uploads and reads elsewhere it does under no name.
    let archived = double.archive_requests();
    assert!(
        archived
            .iter()
            .all(|request| !request.headers.contains_key("authorization"))
    );
    Ok(())
}
