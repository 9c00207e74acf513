//! Files of the import folder, and nothing else; whole, and on from where it was.

use std::io::Write;
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;

use tocsin_domain::LogBatch;
use tocsin_domain::job::JobId;
use tocsin_domain::metric::{Feedback, MetricBatch};
use tocsin_domain::ports::{BusError, Clock, Intake};

use super::*;

#[derive(Default)]
struct Taken(Mutex<Vec<LogBatch>>);

#[async_trait]
impl Intake for Taken {
    async fn accept(&self, batches: Vec<LogBatch>) -> Result<(), BusError> {
        self.0.lock().unwrap().extend(batches);
        Ok(())
    }

    async fn accept_metrics(&self, _: Vec<MetricBatch>) -> Result<(), BusError> {
        Ok(())
    }

    async fn accept_feedback(&self, _: Feedback) -> Result<(), BusError> {
        Ok(())
    }
}

impl Clock for Taken {
    fn now(&self) -> Timestamp {
        Timestamp::from_secs(1_800_000_000)
    }
}

/// An attempt that is stopped once so many checkpoints were kept.
struct Run {
    job: Job,
    marks: Mutex<Vec<String>>,
    stop_after: usize,
    far: Mutex<Progress>,
    is_stopped: AtomicBool,
}

#[async_trait]
impl JobRun for Run {
    fn job(&self) -> &Job {
        &self.job
    }

    fn is_stopped(&self) -> bool {
        self.is_stopped.load(Ordering::Relaxed)
    }

    async fn stopped(&self) {
        while !self.is_stopped() {
            tokio::task::yield_now().await;
        }
    }

    fn progress(&self, progress: Progress) {
        *self.far.lock().unwrap() = progress;
    }

    async fn checkpoint(&self, checkpoint: String) -> Result<(), JobError> {
        let mut marks = self.marks.lock().unwrap();
        marks.push(checkpoint);
        if marks.len() == self.stop_after {
            self.is_stopped.store(true, Ordering::Relaxed);
        }
        Ok(())
    }
}

fn handler(folder: Option<&Path>) -> (ProcessData, Arc<Taken>) {
    let taken = Arc::<Taken>::default();
    let door = Door {
        intake: taken.clone(),
        clock: taken.clone(),
        random: Arc::new(|| [0; 10]),
    };
    let folder = folder.map(Path::to_path_buf);
    (ProcessData::new(folder, door, Limits::default()), taken)
}

fn attempt(handler: &ProcessData, parameters: &str, checkpoint: Option<String>) -> Run {
    let now = Timestamp::from_secs(1_800_000_000);
    let parameters = handler.check(parameters, now).unwrap();
    assert_eq!(handler.check(&parameters, now), Ok(parameters.clone()));
    let mut job = Job::new(JobId(7), "process_data", parameters, now);
    job.checkpoint = checkpoint;
    Run {
        job,
        marks: Mutex::default(),
        stop_after: usize::MAX,
        far: Mutex::default(),
        is_stopped: AtomicBool::new(false),
    }
}

fn ids(taken: &Taken) -> Vec<(tocsin_domain::BatchId, usize)> {
    let all = taken.0.lock().unwrap();
    all.iter()
        .map(|batch| (batch.id, batch.records.len()))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_read_in_whole_and_on_from_where_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    for number in 0..13_000 {
        writeln!(
            gzip,
            "2027-01-15T07:00:00Z INFO request {number} of a client was answered: {}",
            "x".repeat(960)
        )
        .unwrap();
    }
    std::fs::write(folder.path().join("app.log.gz"), gzip.finish().unwrap()).unwrap();
    let parameters = r#"{"file":"app.log.gz","source":"app","host":"web-1"}"#;

    let (whole, once) = handler(Some(folder.path()));
    let run = attempt(&whole, parameters, None);
    let result = whole.run(&run).await.unwrap();
    let result: serde_json::Value = serde_json::from_str(&result).unwrap();
    assert_eq!(
        (&result["accepted"], &result["rejected"]),
        (&13_000.into(), &0.into())
    );
    let far = run.far.lock().unwrap().clone();
    assert_eq!(Some(far.done), far.total, "in bytes of the file");
    {
        let batches = once.0.lock().unwrap();
        assert!(
            batches
                .iter()
                .all(|batch| &*batch.source == "app" && batch.validate())
        );
        let line = batches[0].body(&batches[0].records[0]);
        assert!(line.starts_with(b"2027-01-15T07:00:00Z INFO request 0 "));
    }

    // Stopped after two chunks, and then to the end: the same records under the same ids.
    let (parted, twice) = handler(Some(folder.path()));
    let mut run = attempt(&parted, parameters, None);
    run.stop_after = 2;
    assert_eq!(parted.run(&run).await, Err(JobError::Stopped));
    assert!(ids(&twice).iter().map(|(_, count)| count).sum::<usize>() < 13_000);
    let mark = run.marks.lock().unwrap().last().cloned();
    let rest = parted
        .run(&attempt(&parted, parameters, mark))
        .await
        .unwrap();
    assert!(rest.contains("\"accepted\":13000"), "{rest}");
    assert_eq!(ids(&twice), ids(&once));
}

#[tokio::test(flavor = "multi_thread")]
async fn objects_keep_what_they_say_and_what_is_none_is_counted() {
    let folder = tempfile::tempdir().unwrap();
    let text = "{\"message\":\"disk full\",\"source\":\"db\"}\n{broken\n";
    std::fs::write(folder.path().join("x.ndjson"), text).unwrap();
    let (handler, taken) = handler(Some(folder.path()));
    let run = attempt(&handler, r#"{"file":"x.ndjson","format":"ndjson"}"#, None);
    let result = handler.run(&run).await.unwrap();
    assert!(
        result.contains("\"accepted\":1") && result.contains("\"rejected\":1"),
        "{result}"
    );
    assert_eq!(&*taken.0.lock().unwrap()[0].source, "db");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_but_files_of_the_folder_can_be_read() {
    let folder = tempfile::tempdir().unwrap();
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("secret"), "x\n").unwrap();
    std::os::unix::fs::symlink(outside.path().join("secret"), folder.path().join("link")).unwrap();
    std::fs::create_dir(folder.path().join("inner")).unwrap();
    std::fs::write(folder.path().join("binary"), b"\x7fELF\0\0").unwrap();
    let (handler, taken) = handler(Some(folder.path()));
    for file in ["", "../secret", "/etc/passwd", "inner/../../secret", "."] {
        let parameters = serde_json::json!({ "file": file }).to_string();
        let error = handler.check(&parameters, Timestamp(0)).unwrap_err();
        assert!(error.contains("`file`"), "{file}: {error}");
    }
    for (file, why) in [
        ("link", "leads out"),
        ("inner", "not a file"),
        ("missing", "No such file"),
        ("binary", "not text"),
    ] {
        let parameters = serde_json::json!({ "file": file }).to_string();
        let error = handler.run(&attempt(&handler, &parameters, None)).await;
        let refused = matches!(&error, Err(JobError::Refused(text)) if text.contains(why));
        assert!(refused, "{file}: {error:?}");
    }
    assert!(taken.0.lock().unwrap().is_empty());
    for wrong in [
        "{}",
        "[",
        r#"{"file":"x","form":1}"#,
        r#"{"file":"x","format":"csv"}"#,
    ] {
        assert!(handler.check(wrong, Timestamp(0)).is_err(), "{wrong}");
    }
    let (nothing, _) = self::handler(None);
    let error = nothing.check(r#"{"file":"x"}"#, Timestamp(0)).unwrap_err();
    assert!(error.contains("jobs.import_dir"), "{error}");
}
