//! A real PostgreSQL for tests: one server a process, in a folder that goes with it, on a free port of
//! loopback; a database for each test.
//!
//! A shell waits for this process to end, however it ends; then it ends the server and removes the folder.
//! (The tests of the stores have this file as a module of their own, since they cannot depend on the
//! crate it is in.)

use std::io::{Error, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// Where Debian puts the programs of each version.
const VERSIONS: &str = "/usr/lib/postgresql";
/// Who runs the server if this process may do everything, which the server refuses to.
const USER: &str = "postgres";
/// How long the server may take to start.
const START_FOR: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(20);
/// Runs the rest of its words, and ends that with its own input. The folder, its first word, goes then,
/// unless the input said to keep it.
const KEEPER: &str = r#"folder=$1; shift; "$@" </dev/null & child=$!
word=; read -r word; kill -QUIT $child 2>/dev/null; wait $child
[ "$word" = keep ] || rm -rf "$folder""#;

/// A running server.
#[derive(Debug)]
pub struct PostgresServer {
    /// The programs of its version.
    programs: PathBuf,
    folder: TempDir,
    port: u16,
    keeper: Option<Child>,
    databases: AtomicU32,
}

fn failed(what: impl Into<String>) -> Error {
    Error::other(what.into())
}

/// The programs of the newest version that there is.
fn programs() -> Option<PathBuf> {
    let versions = std::fs::read_dir(VERSIONS).ok()?;
    let versions = versions.filter_map(|entry| {
        let folder = entry.ok()?.path();
        let version: u32 = folder.file_name()?.to_str()?.parse().ok()?;
        Some((version, folder.join("bin")))
    });
    let newest = versions.max_by_key(|(version, _)| *version);
    newest
        .map(|(_, programs)| programs)
        .filter(|programs| programs.join("postgres").exists())
}

fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|me| {
        use std::os::unix::fs::MetadataExt;
        me.uid() == 0
    })
}

/// A program as the user that may run a server.
fn as_user(program: &Path) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command
        .args(["--reuid", USER, "--regid", USER, "--init-groups", "--"])
        .arg(program);
    command
}

fn run(mut command: Command) -> Result<(), Error> {
    let output = command.stdin(Stdio::null()).output()?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    Err(failed(format!("{command:?}: {said}")))
}

/// The processes that a process started.
fn children(process: &str) -> Result<Vec<String>, Error> {
    let all = std::fs::read_to_string(format!("/proc/{process}/task/{process}/children"))?;
    Ok(all.split_whitespace().map(str::to_owned).collect())
}

fn signal(name: &str, processes: &[String]) -> Result<(), Error> {
    if processes.is_empty() {
        return Ok(());
    }
    let mut sent = Command::new("kill");
    // One of them may have ended meanwhile.
    sent.arg(name).args(processes).stderr(Stdio::null());
    sent.status().map(drop)
}

impl PostgresServer {
    /// Starts a server; none if PostgreSQL is not installed.
    ///
    /// # Errors
    /// If it is installed but does not start.
    pub fn start() -> Result<Option<Self>, Error> {
        let Some(programs) = programs() else {
            return Ok(None);
        };
        let folder = tempfile::Builder::new()
            .prefix("tocsin-postgres")
            .tempdir()?;
        if is_root() {
            let mut owned = Command::new("chown");
            owned.arg(format!("{USER}:")).arg(folder.path());
            run(owned)?;
        }
        let data = folder.path().join("data");
        let mut made = as_user(&programs.join("initdb"));
        made.arg("--pgdata").arg(&data);
        made.args(["--username", "tocsin", "--auth", "trust", "--no-sync"]);
        made.args(["--encoding", "UTF8", "--locale", "C.UTF-8"]);
        made.current_dir(folder.path());
        run(made)?;
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?
            .local_addr()?
            .port();
        let mut server = Self {
            programs,
            folder,
            port,
            keeper: None,
            databases: AtomicU32::new(0),
        };
        server.resume()?;
        Ok(Some(server))
    }

    /// Starts the server again after [`Self::stop`] or [`Self::crash`].
    ///
    /// # Errors
    /// If it does not start.
    pub fn resume(&mut self) -> Result<(), Error> {
        let data = self.folder.path().join("data");
        let mut server = as_user(Path::new("sh"));
        server.args(["-c", KEEPER, "sh"]).arg(self.folder.path());
        server.arg(self.programs.join("postgres"));
        server.arg("-D").arg(&data);
        for setting in [
            format!("port={}", self.port),
            "listen_addresses=127.0.0.1".to_owned(),
            format!("unix_socket_directories={}", self.folder.path().display()),
            "fsync=off".to_owned(),
            "full_page_writes=off".to_owned(),
            "max_connections=200".to_owned(),
            "logging_collector=off".to_owned(),
        ] {
            server.arg("-c").arg(setting);
        }
        let log = std::fs::File::options()
            .create(true)
            .append(true)
            .open(self.log())?;
        server
            .stdin(Stdio::piped())
            .stdout(log.try_clone()?)
            .stderr(log);
        server.current_dir(self.folder.path());
        self.keeper = Some(server.spawn()?);
        self.wait_until_ready()
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join("server.log")
    }

    fn wait_until_ready(&mut self) -> Result<(), Error> {
        let until = Instant::now() + START_FOR;
        while Instant::now() < until {
            let is_open = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_ok();
            if is_open && self.sql("postgres", "SELECT 1").is_ok() {
                return Ok(());
            }
            std::thread::sleep(PAUSE);
        }
        let log = std::fs::read_to_string(self.log()).unwrap_or_default();
        Err(failed(format!("PostgreSQL does not start:\n{log}")))
    }

    /// Ends the server in good order: what is being done is broken off, and told so.
    ///
    /// # Errors
    /// If it does not end.
    pub fn stop(&mut self) -> Result<(), Error> {
        self.end("fast")
    }

    /// Ends the server as a crash would.
    ///
    /// # Errors
    /// If it does not end.
    pub fn crash(&mut self) -> Result<(), Error> {
        self.end("immediate")
    }

    fn end(&mut self, mode: &str) -> Result<(), Error> {
        let mut ended = as_user(&self.programs.join("pg_ctl"));
        ended.args(["stop", "--wait", "--mode", mode, "--pgdata"]);
        ended.arg(self.folder.path().join("data"));
        ended.current_dir(self.folder.path());
        run(ended)?;
        if let Some(mut keeper) = self.keeper.take() {
            if let Some(mut input) = keeper.stdin.take() {
                input.write_all(b"keep\n")?;
            }
            keeper.wait()?;
        }
        Ok(())
    }

    /// Stops all its processes where they are: it takes connections and answers nothing.
    ///
    /// # Errors
    /// If it does not run.
    pub fn freeze(&self) -> Result<(), Error> {
        // It starts no process once it stands still, so that none is left out.
        let main = self.process()?;
        signal("-STOP", std::slice::from_ref(&main))?;
        signal("-STOP", &children(&main)?)
    }

    /// Lets it go on after [`Self::freeze`].
    ///
    /// # Errors
    /// If it does not run.
    pub fn thaw(&self) -> Result<(), Error> {
        let main = self.process()?;
        signal("-CONT", &children(&main)?)?;
        signal("-CONT", &[main])
    }

    fn process(&self) -> Result<String, Error> {
        let said = std::fs::read_to_string(self.folder.path().join("data/postmaster.pid"))?;
        let first = said.lines().next();
        first.map(str::to_owned).ok_or_else(|| failed("no process"))
    }

    /// Runs statements in a database.
    ///
    /// # Errors
    /// If they are refused.
    pub fn sql(&self, database: &str, sql: &str) -> Result<(), Error> {
        let mut asked = Command::new(self.programs.join("psql"));
        asked.args(["--quiet", "--no-psqlrc", "--set", "ON_ERROR_STOP=1"]);
        asked.args(["--dbname", &self.address(database), "--file", "-"]);
        asked
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let mut asked = asked.spawn()?;
        if let Some(mut input) = asked.stdin.take() {
            input.write_all(sql.as_bytes())?;
        }
        let output = asked.wait_with_output()?;
        if output.status.success() {
            return Ok(());
        }
        Err(failed(String::from_utf8_lossy(&output.stderr)))
    }

    /// The address of a database.
    #[must_use]
    pub fn address(&self, database: &str) -> String {
        format!(
            "postgres://tocsin@127.0.0.1:{}/{database}?sslmode=disable",
            self.port
        )
    }

    /// The address of a new database, which is empty.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn database(&self) -> Result<String, Error> {
        let number = self.databases.fetch_add(1, Ordering::Relaxed);
        let name = format!("test_{number}");
        self.sql("postgres", &format!("CREATE DATABASE {name}"))?;
        Ok(self.address(&name))
    }
}

impl Drop for PostgresServer {
    fn drop(&mut self) {
        if let Some(mut keeper) = self.keeper.take() {
            // One that stands still would not end.
            drop(self.thaw());
            drop(keeper.stdin.take());
            // One that cannot be waited for is gone.
            let _ = keeper.wait();
        }
    }
}
