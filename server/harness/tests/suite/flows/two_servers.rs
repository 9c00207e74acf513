//! One data folder, one server.

use std::process::Command;

use tocsin_harness::{TestServer, binary};

#[test]
fn a_second_server_on_the_same_folder_is_told_who_has_it() -> anyhow::Result<()> {
    let server = TestServer::start()?;
    let second = Command::new(binary()?)
        .arg("serve")
        .current_dir(server.folder())
        .env("TOCSIN_SERVER__DATA_DIR", server.data_dir())
        .env("TOCSIN_SERVER__LISTEN", "127.0.0.1:0")
        .output()?;
    let said = String::from_utf8_lossy(&second.stderr);
    assert!(!second.status.success(), "{said}");
    let process = server.process().unwrap().to_string();
    assert!(said.contains("in use") && said.contains(&process), "{said}");
    server.push("still", &["the first one serves on"])?;
    Ok(())
}

#[test]
fn listening_beyond_loopback_is_refused_with_a_way_to_proceed() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let refused = Command::new(binary()?)
        .arg("serve")
        .current_dir(folder.path())
        .env("TOCSIN_SERVER__LISTEN", "0.0.0.0:0")
        .output()?;
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(
        !refused.status.success() && said.contains("ssh -L"),
        "{said}"
    );
    assert!(!folder.path().join("data").exists(), "nothing was made");
    Ok(())
}

#[test]
fn a_wrong_configuration_stops_the_start_and_says_where() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    std::fs::write(
        folder.path().join("tocsin.toml"),
        "[server]\nlisten = 8080\n",
    )?;
    let refused = Command::new(binary()?)
        .arg("check-config")
        .current_dir(folder.path())
        .output()?;
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(!refused.status.success(), "{said}");
    for part in ["tocsin.toml", "line 2", "listen"] {
        assert!(said.contains(part), "no `{part}` in: {said}");
    }
    Ok(())
}
