//! The engines that several processes share: real PostgreSQL and Redis, ClickHouse's engine behind
//! its HTTP front, and the doubles of InfluxDB, of Qdrant and of a server of embeddings.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, bail, ensure};
use tempfile::TempDir;
use tocsin_bus::contract::RedisServer;

use crate::PostgresServer;
use crate::counterparty::{find_program, tool};

/// Running engines, with nothing in them.
#[derive(Debug)]
pub struct SharedEngines {
    /// The relational store.
    pub postgres: PostgresServer,
    /// The bus.
    pub redis: RedisServer,
    clickhouse: Front,
    influxdb: Front,
    qdrant: Option<Front>,
    embeddings: Option<Front>,
    database: String,
    folder: TempDir,
}

impl SharedEngines {
    /// Starts them all.
    ///
    /// # Errors
    /// If one does not start; says how to install it if it is not there.
    pub fn start() -> anyhow::Result<Self> {
        let missing = |name| format!("{name} is not installed: run `make tools`");
        let postgres = PostgresServer::start()?.with_context(|| missing("PostgreSQL"))?;
        let durable = ["--appendonly", "yes", "--appendfsync", "always"];
        let redis = RedisServer::start(&durable)?.with_context(|| missing("Redis"))?;
        let folder = TempDir::new()?;
        let path = folder.path().to_string_lossy().into_owned();
        let chdb = tool("clickhouse")?.join("python");
        let clickhouse = Front::start(&chdb, "clickhouse_front.py", (&[&path], &[]))?;
        let python = crate::python()?;
        let points = folder.path().join("points").to_string_lossy().into_owned();
        let with = (&["--file", &*points][..], &["--port"][..]);
        let influxdb = Front::start(&python, "influxdb_double.py", with)?;
        Ok(Self {
            database: postgres.database()?,
            postgres,
            redis,
            clickhouse,
            influxdb,
            qdrant: None,
            embeddings: None,
            folder,
        })
    }

    /// Starts the double of Qdrant, too: vectors are shared as well then.
    ///
    /// # Errors
    /// If it does not start.
    pub fn with_vectors(mut self) -> anyhow::Result<Self> {
        let folder = self.folder.path().join("qdrant");
        std::fs::create_dir(&folder)?;
        let folder = folder.to_string_lossy();
        let script = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../stores/tests/qdrant/double.py"
        );
        let python = tool("qdrant")?.join("python");
        let with = (&[&*folder][..], &["--port"][..]);
        self.qdrant = Some(Front::start(&python, script, with)?);
        Ok(self)
    }

    /// Starts the double of a server of embeddings, too: it makes the vectors then.
    ///
    /// # Errors
    /// If it does not start.
    pub fn with_embeddings(mut self) -> anyhow::Result<Self> {
        let python = find_program("python3")?;
        let double = Front::start(&python, "embeddings_double.py", (&[], &["--port"]))?;
        self.embeddings = Some(double);
        Ok(self)
    }

    /// Watches who holds which partition.
    #[must_use]
    pub fn leases(&self) -> Leases {
        Leases(self.redis.url())
    }

    /// Takes one away, so that connections are refused, or so that they are taken and nothing is
    /// answered.
    ///
    /// # Errors
    /// If it is away already, or was never there.
    pub fn take_away(&mut self, engine: Engine, how: Absence) -> anyhow::Result<()> {
        match (engine, how) {
            (Engine::Postgres, Absence::Refuses) => self.postgres.crash()?,
            (Engine::Postgres, Absence::Hangs) => self.postgres.freeze()?,
            (Engine::Redis, Absence::Refuses) => self.redis.kill()?,
            (Engine::Redis, Absence::Hangs) => self.redis.freeze()?,
            (Engine::ClickHouse, how) => self.clickhouse.take_away(how)?,
            (Engine::InfluxDb, how) => self.influxdb.take_away(how)?,
            (Engine::Qdrant, how) => started(&mut self.qdrant)?.take_away(how)?,
            (Engine::Embeddings, how) => started(&mut self.embeddings)?.take_away(how)?,
        }
        Ok(())
    }

    /// Brings one back that was taken away like this.
    ///
    /// # Errors
    /// If it does not come up.
    pub fn bring_back(&mut self, engine: Engine, how: Absence) -> anyhow::Result<()> {
        match (engine, how) {
            (Engine::Postgres, Absence::Refuses) => self.postgres.resume()?,
            (Engine::Postgres, Absence::Hangs) => self.postgres.thaw()?,
            (Engine::Redis, Absence::Refuses) => self.redis.restart()?,
            (Engine::Redis, Absence::Hangs) => self.redis.thaw()?,
            (Engine::ClickHouse, how) => self.clickhouse.bring_back(how)?,
            (Engine::InfluxDb, how) => self.influxdb.bring_back(how)?,
            (Engine::Qdrant, how) => started(&mut self.qdrant)?.bring_back(how)?,
            (Engine::Embeddings, how) => started(&mut self.embeddings)?.bring_back(how)?,
        }
        Ok(())
    }

    /// What a process is told of them.
    #[must_use]
    pub fn settings(&self) -> Vec<(&'static str, String)> {
        let local = |front: &Front| format!("http://127.0.0.1:{}", front.port);
        let mut settings = vec![
            ("TOCSIN_RELATIONAL__URL", self.database.clone()),
            ("TOCSIN_BUS__REDIS__URL", self.redis.url()),
            ("TOCSIN_LOGS__CLICKHOUSE__URL", local(&self.clickhouse)),
            ("TOCSIN_METRICS__INFLUXDB__URL", local(&self.influxdb)),
            ("TOCSIN_METRICS__INFLUXDB__TOKEN", "admin".into()),
        ];
        if let Some(qdrant) = &self.qdrant {
            settings.push(("TOCSIN_VECTORS__QDRANT__URL", local(qdrant)));
        }
        if let Some(embeddings) = &self.embeddings {
            let url = format!("{}/v1", local(embeddings));
            settings.extend([
                ("TOCSIN_MODEL__PROVIDER", "openai".into()),
                ("TOCSIN_MODEL__BASE_URL", url),
                ("TOCSIN_MODEL__NAME", "words".into()),
            ]);
        }
        settings
    }
}

/// One of the engines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// The relational store.
    Postgres,
    /// The bus.
    Redis,
    /// The log store.
    ClickHouse,
    /// The metric store.
    InfluxDb,
    /// The store of vectors.
    Qdrant,
    /// The server that makes vectors.
    Embeddings,
}

fn started(front: &mut Option<Front>) -> anyhow::Result<&mut Front> {
    front.as_mut().context("it was not started")
}

/// How an engine is away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Absence {
    /// It was killed: nobody listens.
    Refuses,
    /// It stands still: connections are taken, and nothing is answered.
    Hangs,
}

/// A program of the tests that says on which port it listens.
#[derive(Debug)]
struct Front {
    python: PathBuf,
    script: &'static str,
    /// Its arguments, but for the port.
    arguments: Vec<String>,
    /// What stands before the port.
    before_port: Vec<String>,
    child: Child,
    port: u16,
}

impl Front {
    /// Starts a script with arguments, and with what stands before a port that it is given later.
    fn start(
        python: &Path,
        script: &'static str,
        (arguments, before_port): (&[&str], &[&str]),
    ) -> anyhow::Result<Self> {
        let own = |all: &[&str]| all.iter().map(ToString::to_string).collect::<Vec<_>>();
        let (arguments, before_port) = (own(arguments), own(before_port));
        let (child, port) = run(python, script, &arguments)?;
        Ok(Self {
            python: python.to_owned(),
            script,
            arguments,
            before_port,
            child,
            port,
        })
    }

    fn take_away(&mut self, how: Absence) -> anyhow::Result<()> {
        match how {
            Absence::Refuses => {
                self.child.kill()?;
                self.child.wait()?;
            }
            Absence::Hangs => self.signal("-STOP")?,
        }
        Ok(())
    }

    fn bring_back(&mut self, how: Absence) -> anyhow::Result<()> {
        match how {
            Absence::Refuses => {
                let port = [self.port.to_string()];
                let arguments = [&self.arguments[..], &self.before_port, &port].concat();
                let (child, port) = run(&self.python, self.script, &arguments)?;
                ensure!(port == self.port, "{} listens elsewhere", self.script);
                self.child = child;
            }
            Absence::Hangs => self.signal("-CONT")?,
        }
        Ok(())
    }

    fn signal(&self, name: &str) -> anyhow::Result<()> {
        let child = self.child.id().to_string();
        let sent = Command::new("kill").args([name, &child]).status()?;
        ensure!(sent.success(), "{} does not run", self.script);
        Ok(())
    }
}

/// Runs a script, and waits until it says on which port it listens.
fn run(python: &Path, script: &str, arguments: &[String]) -> anyhow::Result<(Child, u16)> {
    let scripts = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients");
    let mut child = Command::new(python)
        .arg(Path::new(scripts).join(script))
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start {script}"))?;
    let output = child.stdout.take().context("it has no output")?;
    let mut line = String::new();
    BufReader::new(output).read_line(&mut line)?;
    let port = line.split_whitespace().last().map(str::parse);
    let Some(Ok(port)) = port else {
        // It may have ended by itself.
        drop(child.kill());
        bail!("{script} said {line:?} in place of its port");
    };
    Ok((child, port))
}

impl Drop for Front {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _gone = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// The leases of partitions, as Redis has them.
#[derive(Debug)]
pub struct Leases(String);

impl Leases {
    /// The partitions of the bus of logs, and whether somebody holds each.
    ///
    /// # Errors
    /// If Redis does not answer.
    pub fn look(&self) -> anyhow::Result<Vec<(u16, bool)>> {
        let time = self.ask(&["TIME"])?;
        let now: u64 = time.first().context("no time")?.parse()?;
        let partitions = self.ask(&["HGET", "{tocsin:logs}:bus", "partitions"])?;
        let partitions: u16 = partitions.first().context("no partitions")?.parse()?;
        let look = |partition: u16| {
            let key = format!("{{tocsin:logs}}:{partition}:state");
            let until = self.ask(&["HGET", &key, "until:pipeline"])?;
            let until: u64 = until
                .first()
                .and_then(|text| text.parse().ok())
                .unwrap_or(0);
            Ok((partition, until >= now * 1000))
        };
        (0..partitions).map(look).collect()
    }

    fn ask(&self, words: &[&str]) -> anyhow::Result<Vec<String>> {
        let asked = Command::new("redis-cli")
            .args(["-u", &self.0])
            .args(words)
            .output()?;
        ensure!(asked.status.success(), "Redis does not answer");
        let text = String::from_utf8(asked.stdout)?;
        Ok(text.lines().map(str::to_owned).collect())
    }
}
