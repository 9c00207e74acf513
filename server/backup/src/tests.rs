//! The whole way: from stores into a folder or a bucket, and back.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use parking_lot::Mutex;
use tocsin_domain::ports::{Restoration, Snapshot, SnapshotItem, Snapshots, StoreError};

use crate::{
    AwsSettings, Backup, BackupError, FileRestoration, Files, Mark, Part, Place, Progress,
    Repository, Watcher, Written, restore,
};

/// Items that a test can change; those whose names begin with `block` are stamped.
#[derive(Debug, Clone, Default)]
struct Shelf {
    items: Arc<Mutex<BTreeMap<String, Vec<u8>>>>,
    /// How many items were read.
    read: Arc<Mutex<u64>>,
}

impl Shelf {
    fn set(&self, name: &str, text: &[u8]) {
        self.items.lock().insert(name.to_owned(), text.to_vec());
    }
}

#[async_trait]
impl Snapshots for Shelf {
    fn form(&self) -> &'static str {
        "shelf/1"
    }

    async fn take(&self) -> Result<Box<dyn Snapshot>, StoreError> {
        let items = self.items.lock().clone().into_iter();
        let read = self.read.clone();
        Ok(Box::new(Taken { items, read }))
    }
}

struct Taken {
    items: std::collections::btree_map::IntoIter<String, Vec<u8>>,
    read: Arc<Mutex<u64>>,
}

#[async_trait]
impl Snapshot for Taken {
    async fn next(
        &mut self,
        known: &BTreeMap<String, String>,
    ) -> Result<Option<SnapshotItem>, StoreError> {
        let Some((name, text)) = self.items.next() else {
            return Ok(None);
        };
        let is_stamped = name.starts_with("block");
        let stamp = is_stamped.then(|| text.len().to_string());
        let is_known = is_stamped && known.get(&name) == stamp.as_ref();
        *self.read.lock() += u64::from(!is_known);
        Ok(Some(SnapshotItem {
            name,
            stamp,
            entries: (!is_known).then(|| vec![(b"text".to_vec(), text)]),
            records: 1,
        }))
    }
}

#[async_trait]
impl Restoration for Shelf {
    fn reads(&self, form: &str) -> bool {
        form == "shelf/1"
    }

    async fn put(&mut self, item: SnapshotItem) -> Result<(), StoreError> {
        let (_, text) = item.entries.unwrap().remove(0);
        self.set(&item.name, &text);
        Ok(())
    }

    async fn finish(&mut self) -> Result<(), StoreError> {
        Ok(())
    }
}

fn silent() -> Watcher {
    Arc::new(|_: &Progress| {})
}

/// Time goes on by a second with each backup.
static NOW: Mutex<i64> = Mutex::new(1_790_000_000_000);

fn now() -> i64 {
    *NOW.lock()
}

async fn make(
    repository: &Repository,
    shelf: &Shelf,
    lineage: &str,
) -> Result<Written, BackupError> {
    let at_ms = {
        let mut now = NOW.lock();
        *now += 1_000;
        *now
    };
    let backup = Backup {
        tocsin: "0.1.0".into(),
        mark: Mark {
            at_ms,
            acknowledged: BTreeMap::new(),
        },
        lineage: lineage.into(),
        settings: String::new(),
        unique: "ab".into(),
        parts: vec![Part {
            name: "shelf".into(),
            form: shelf.form().into(),
            snapshot: shelf.take().await.unwrap(),
        }],
    };
    backup.write(repository, &now, &silent()).await
}

async fn bring_back(repository: &Repository, name: Option<&str>) -> Result<Shelf, BackupError> {
    let manifest = repository.manifest(name).await?;
    repository.verify(&manifest).await?;
    let into = Shelf::default();
    let restorations: BTreeMap<String, Box<dyn Restoration>> =
        BTreeMap::from([("shelf".to_owned(), Box::new(into.clone()) as _)]);
    restore(repository, &manifest, restorations, &silent()).await?;
    Ok(into)
}

fn folder(path: &Path) -> Repository {
    let name = path.to_str().unwrap();
    Repository::new(Place::open(name, &AwsSettings::default(), true).unwrap())
}

/// What holds of a repository, wherever it is.
async fn holds(repository: &Repository) {
    assert!(repository.snapshots().await.unwrap().is_empty());
    let missing = repository.manifest(None).await.unwrap_err().to_string();
    assert!(missing.contains("none at all"), "{missing}");
    let shelf = Shelf::default();
    shelf.set("block/1", &[7; 100_000]);
    shelf.set("block/2", &[7; 100_000]);
    shelf.set("rows", b"first");
    let first = make(repository, &shelf, "x").await.unwrap();
    // Two blocks are equal, so they are one object.
    assert_eq!((first.objects, *shelf.read.lock()), (2, 3));
    shelf.set("rows", b"second");
    shelf.set("block/3", b"new");
    let second = make(repository, &shelf, "x").await.unwrap();
    // What is known is neither read nor written again.
    assert_eq!((second.objects, *shelf.read.lock()), (2, 5));
    let names = repository.snapshots().await.unwrap();
    assert_eq!(names, [first.manifest.name.clone(), second.manifest.name]);
    let old = bring_back(repository, Some(&names[0])).await.unwrap();
    assert_eq!(old.items.lock()["rows"], b"first");
    let new = bring_back(repository, None).await.unwrap();
    assert_eq!(*new.items.lock(), *shelf.items.lock());
    // Other data may have the same stamps, which mean nothing then: all is read, nothing written.
    let other = make(repository, &shelf, "y").await.unwrap();
    assert_eq!((other.objects, *shelf.read.lock()), (0, 9));
    let pruned = repository.prune(1, now()).await.unwrap();
    assert_eq!((pruned.snapshots, pruned.objects), (2, 1));
    assert_eq!(
        *bring_back(repository, None).await.unwrap().items.lock(),
        *shelf.items.lock()
    );
}

#[tokio::test]
async fn snapshots_in_a_folder_come_back() {
    let place = tempfile::tempdir().unwrap();
    holds(&folder(place.path())).await;
}

/// Objects of the folder of a repository.
fn objects(place: &Path) -> Vec<std::path::PathBuf> {
    let folders = std::fs::read_dir(place.join("objects")).unwrap();
    let files = folders.flat_map(|folder| std::fs::read_dir(folder.unwrap().path()).unwrap());
    files.map(|file| file.unwrap().path()).collect()
}

#[tokio::test]
async fn what_is_damaged_is_refused_before_anything_is_written() {
    let place = tempfile::tempdir().unwrap();
    let repository = folder(place.path());
    let shelf = Shelf::default();
    shelf.set("rows", b"some rows");
    make(&repository, &shelf, "x").await.unwrap();
    let object = objects(place.path()).remove(0);
    let mut bytes = std::fs::read(&object).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x55;
    std::fs::write(&object, bytes).unwrap();
    let error = bring_back(&repository, None).await.unwrap_err();
    assert!(matches!(error, BackupError::Damaged(_)), "{error}");
    std::fs::remove_file(&object).unwrap();
    let message = bring_back(&repository, None).await.unwrap_err().to_string();
    assert!(message.contains("missing"), "{message}");
    // The next backup mends it, as the rows are read and written again.
    make(&repository, &shelf, "x").await.unwrap();
    assert!(bring_back(&repository, None).await.is_ok());
}

#[tokio::test]
async fn a_form_that_is_not_known_is_refused() {
    let place = tempfile::tempdir().unwrap();
    let repository = folder(place.path());
    make(&repository, &Shelf::default(), "x").await.unwrap();
    let manifest = repository.manifest(None).await.unwrap();
    let refused = restore(&repository, &manifest, BTreeMap::new(), &silent()).await;
    let message = refused.unwrap_err().to_string();
    assert!(message.contains("`shelf/1`"), "{message}");
}

#[tokio::test]
async fn only_one_writes_and_a_lock_of_one_that_died_gives_way() {
    let place = tempfile::tempdir().unwrap();
    let repository = folder(place.path());
    let lock = repository.lock(now(), "y").await.unwrap();
    let message = make(&repository, &Shelf::default(), "x")
        .await
        .unwrap_err()
        .to_string();
    assert!(message.contains("another process"), "{message}");
    assert!(repository.prune(1, now()).await.is_err());
    let later = now() + 3_600_000;
    repository
        .lock(later, "z")
        .await
        .unwrap()
        .release()
        .await
        .unwrap();
    drop(lock);
    // One of the same data broke off.
    drop(repository.lock(now(), "x").await.unwrap());
    make(&repository, &Shelf::default(), "x").await.unwrap();
}

#[tokio::test]
async fn a_backup_that_broke_off_is_none_and_helps_the_next() {
    struct Broken;
    #[async_trait]
    impl Snapshot for Broken {
        async fn next(
            &mut self,
            _: &BTreeMap<String, String>,
        ) -> Result<Option<SnapshotItem>, StoreError> {
            Err(StoreError::Corrupt("on purpose".into()))
        }
    }
    let place = tempfile::tempdir().unwrap();
    let repository = folder(place.path());
    let shelf = Shelf::default();
    shelf.set("rows", b"some rows");
    let part = |name: &str, snapshot| Part {
        name: name.into(),
        form: "shelf/1".into(),
        snapshot,
    };
    let backup = Backup {
        tocsin: "0.1.0".into(),
        mark: Mark {
            at_ms: now(),
            acknowledged: BTreeMap::new(),
        },
        lineage: "x".into(),
        settings: String::new(),
        unique: "ab".into(),
        parts: vec![
            part("shelf", shelf.take().await.unwrap()),
            part("broken", Box::new(Broken)),
        ],
    };
    let error = backup
        .write(&repository, &now, &silent())
        .await
        .unwrap_err();
    assert!(matches!(error, BackupError::Store { .. }), "{error}");
    assert!(repository.snapshots().await.unwrap().is_empty());
    let written = make(&repository, &shelf, "x").await.unwrap();
    assert_eq!(written.objects, 0);
}

#[tokio::test]
async fn files_come_back_with_their_permissions_and_nothing_leaves_the_folder() {
    use std::os::unix::fs::PermissionsExt as _;
    let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let script = from.path().join("a/b/run.sh");
    std::fs::create_dir_all(script.parent().unwrap()).unwrap();
    std::fs::write(&script, "true").unwrap();
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o750)).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", from.path().join("link")).unwrap();
    let mut snapshot = Files::new(from.path().into()).take().await.unwrap();
    let mut into = FileRestoration::new(to.path().join("made"));
    let mut names = Vec::new();
    while let Some(item) = snapshot.next(&BTreeMap::new()).await.unwrap() {
        names.push(item.name.clone());
        into.put(item.clone()).await.unwrap();
        for name in ["../out", "/out", "a/../../out", ""] {
            let name = name.to_owned();
            let outside = SnapshotItem {
                name,
                ..item.clone()
            };
            assert!(into.put(outside).await.is_err());
        }
    }
    assert_eq!(names, ["a/b/run.sh"]);
    let mode = std::fs::metadata(to.path().join("made/a/b/run.sh")).unwrap();
    assert_eq!(mode.permissions().mode() & 0o777, 0o750);
    assert!(Files::new(to.path().join("none")).take().await.is_ok());
}

/// A real server of S3 by someone else; passed over, loudly, where it is not installed.
#[tokio::test(flavor = "multi_thread")]
async fn snapshots_in_s3_come_back() {
    let tools = std::env::var_os("TOCSIN_TOOLS").unwrap_or_default();
    let program = Path::new(&tools).join("s3/bin/moto_server");
    if !program.exists() {
        eprintln!(
            "NOT RUN: {} is missing, see scripts/test-tools.sh",
            program.display()
        );
        return;
    }
    let port = {
        // Given back before the server takes it.
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        free.local_addr().unwrap().port()
    };
    let _server = Running::start(&program, port);
    let settings = [
        ("AWS_ACCESS_KEY_ID", "key".to_owned()),
        ("AWS_SECRET_ACCESS_KEY", "secret".to_owned()),
        ("AWS_REGION", "us-east-1".to_owned()),
        ("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{port}")),
    ];
    let settings = settings.map(|(name, value)| (name.to_owned(), value));
    let aws = AwsSettings::of(settings).unwrap();
    let place = Place::open("s3://backups/of/tests", &aws, true).unwrap();
    holds(&Repository::new(place)).await;
    let none = Place::open("s3://nowhere/at/all", &aws, true).unwrap();
    let error = Repository::new(none).snapshots().await.unwrap_err();
    assert!(matches!(error, BackupError::Place(_)), "{error}");
}

/// A server of S3 with a bucket, ended when dropped.
struct Running(std::process::Child);

impl Running {
    fn start(program: &Path, port: u16) -> Self {
        let child = std::process::Command::new(program)
            .args(["-H", "127.0.0.1", "-p", &port.to_string()])
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        let running = Self(child);
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
        while !has_bucket(port) {
            assert!(std::time::Instant::now() < deadline, "no server of S3");
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        running
    }
}

/// Makes the bucket; whether that was answered.
fn has_bucket(port: u16) -> bool {
    use std::io::{Read as _, Write as _};
    let Ok(mut stream) = std::net::TcpStream::connect(("127.0.0.1", port)) else {
        return false;
    };
    let request = "PUT /backups HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\n\
        Authorization: AWS4-HMAC-SHA256 Credential=key/20260101/us-east-1/s3/aws4_request, \
        SignedHeaders=host, Signature=00\r\nConnection: close\r\n\r\n";
    let timeout = Some(std::time::Duration::from_secs(5));
    let mut answer = String::new();
    stream.set_read_timeout(timeout).is_ok()
        && stream.write_all(request.as_bytes()).is_ok()
        && stream.read_to_string(&mut answer).is_ok()
        && answer.starts_with("HTTP/1.1 200")
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
