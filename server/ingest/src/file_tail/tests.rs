//! Rotation of every kind, truncation, links and files that cannot be read.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use tocsin_domain::Timestamp;
use tocsin_domain::ports::FilePosition;

use super::tail::Tail;
use super::*;

/// A folder with files, and a tail that is polled by hand.
struct Bench {
    folder: TempDir,
    config: FileTailConfig,
    board: StatusBoard,
    tail: Tail,
    positions: Vec<FilePosition>,
    now: i64,
}

impl Bench {
    fn new(globs: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let paths = globs
            .iter()
            .map(|glob| format!("{}/{glob}", folder.path().display()));
        let config = FileTailConfig {
            paths: paths.collect(),
            start_at: StartAt::Beginning,
            line_bytes_max: 1000,
            ..FileTailConfig::default()
        };
        let board = StatusBoard::default();
        let tail = Tail::new(config.clone(), "here", board.clone(), Vec::new());
        Self {
            folder,
            config,
            board,
            tail,
            positions: Vec::new(),
            now: 1_795_273_200_000,
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        let mut file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.path(name))
            .unwrap();
        file.write_all(text.as_ref()).unwrap();
    }

    fn rename(&self, from: &str, to: &str) {
        fs::rename(self.path(from), self.path(to)).unwrap();
    }

    /// Lets time pass, finds files, reads until nothing is left; returns the bodies.
    fn read(&mut self) -> Vec<String> {
        let mut bodies = Vec::new();
        for _ in 0..3 {
            self.now += 1000;
            let now = Timestamp::from_millis(self.now);
            let gone = self.tail.discover(now);
            self.positions
                .retain(|kept| !gone.contains(&(kept.device, kept.inode)));
            loop {
                let chunks = self.tail.poll(now);
                if chunks.is_empty() {
                    break;
                }
                self.tail.accepted(&chunks, now);
                for chunk in chunks {
                    if let Some(batch) = &chunk.batch {
                        assert!(batch.validate());
                        let texts = batch.records.iter().map(|record| batch.body(record));
                        bodies.extend(texts.map(|text| String::from_utf8_lossy(text).into_owned()));
                    }
                    self.keep(chunk.position);
                }
            }
        }
        bodies
    }

    fn keep(&mut self, position: FilePosition) {
        let of = |position: &FilePosition| (position.device, position.inode);
        self.positions.retain(|kept| of(kept) != of(&position));
        self.positions.push(position);
    }

    /// Ends without warning and starts again with the positions that were kept.
    fn restart(&mut self) {
        let kept = self.positions.clone();
        self.tail = Tail::new(self.config.clone(), "here", self.board.clone(), kept);
    }

    fn status(&self, name: &str) -> (FileState, String) {
        let path = self.path(name);
        let files = self.board.snapshot();
        let status = files
            .into_iter()
            .find(|status| status.path == path)
            .unwrap();
        (status.state, status.detail)
    }
}

#[test]
fn lines_are_read_as_they_come_and_files_that_appear_later_from_their_begin() {
    let mut bench = Bench::new(&["*.log"]);
    bench.write("a.log", "one\ntwo\n");
    assert_eq!(bench.read(), ["one", "two"]);
    bench.write("a.log", "three\r\n\nfour\n");
    bench.write("b.log", "five\n");
    bench.write("c.txt", "not wanted\n");
    assert_eq!(bench.read(), ["three", "four", "five"]);
    assert!(bench.read().is_empty());
    assert_eq!(bench.status("a.log").0, FileState::Reading);
    let files = bench.board.snapshot();
    assert_eq!((files[0].records, files[0].bytes), (4, 21));
}

#[test]
fn a_line_without_an_end_waits_and_is_given_out_after_a_while() {
    let mut bench = Bench::new(&["a.log"]);
    bench.write("a.log", "begin");
    bench.now += 1000;
    let now = Timestamp::from_millis(bench.now);
    bench.tail.discover(now);
    assert!(bench.tail.poll(now).is_empty());
    bench.write("a.log", " end\nnext");
    let chunks = bench.tail.poll(now);
    assert!(chunks.is_empty(), "the record may go on with the next line");
    assert_eq!(bench.read(), ["begin end", "next"]);
}

#[test]
fn rotation_by_rename_loses_and_repeats_nothing() {
    let mut bench = Bench::new(&["*.log"]);
    bench.write("a.log", "one\n");
    assert_eq!(bench.read(), ["one"]);
    // The writer keeps its file open over the rotation.
    let mut writer = OpenOptions::new()
        .append(true)
        .open(bench.path("a.log"))
        .unwrap();
    bench.rename("a.log", "a.log.1");
    writer.write_all(b"two\n").unwrap();
    bench.write("a.log", "three\n");
    let mut lines = bench.read();
    lines.sort();
    assert_eq!(lines, ["three", "two"]);
    // Chains, and a compressed file, which was read before.
    bench.rename("a.log.1", "a.log.2");
    bench.rename("a.log", "a.log.1");
    bench.write("a.log", "four\n");
    bench.write("b.log.gz", "compressed\n");
    assert_eq!(bench.read(), ["four"]);
    // In the end the old file is let go of, and its position with it.
    for _ in 0..5 {
        assert!(bench.read().is_empty());
    }
    assert_eq!(bench.positions.len(), 1);
}

#[test]
fn a_rotated_file_that_still_matches_is_not_read_again() {
    let mut bench = Bench::new(&["a.log*"]);
    bench.write("a.log", "one\n");
    assert_eq!(bench.read(), ["one"]);
    bench.rename("a.log", "a.log.1");
    bench.write("a.log", "two\n");
    assert_eq!(bench.read(), ["two"]);
    bench.restart();
    assert!(bench.read().is_empty());
}

#[test]
fn copytruncate_starts_over() {
    let mut bench = Bench::new(&["a.log"]);
    bench.write("a.log", "one\ntwo\n");
    assert_eq!(bench.read(), ["one", "two"]);
    fs::copy(bench.path("a.log"), bench.path("a.log.1")).unwrap();
    File::options()
        .write(true)
        .open(bench.path("a.log"))
        .unwrap()
        .set_len(0)
        .unwrap();
    bench.write("a.log", "three\n");
    assert_eq!(bench.read(), ["three"]);
    // Truncated and grown beyond what was read between two looks: the first bytes tell.
    File::options()
        .write(true)
        .open(bench.path("a.log"))
        .unwrap()
        .set_len(0)
        .unwrap();
    bench.write("a.log", "four is longer than three was\n");
    assert_eq!(bench.read(), ["four is longer than three was"]);
    // A writer that does not append leaves zeros behind.
    File::options()
        .write(true)
        .open(bench.path("a.log"))
        .unwrap()
        .set_len(0)
        .unwrap();
    bench.write("a.log", [[0; 100].as_slice(), b"five\n"].concat());
    assert_eq!(bench.read(), ["five"]);
}

#[test]
fn positions_hold_over_a_restart_and_over_a_rotation_meanwhile() {
    let mut bench = Bench::new(&["*.log"]);
    bench.write("a.log", "one\n");
    assert_eq!(bench.read(), ["one"]);
    bench.write("a.log", "two\n");
    bench.restart();
    assert_eq!(bench.read(), ["two"]);
    bench.write("a.log", "three\n");
    bench.rename("a.log", "a.log.1");
    bench.write("a.log", "four\n");
    bench.restart();
    let mut lines = bench.read();
    lines.sort();
    assert_eq!(lines, ["four", "three"]);
    // The inode may be used again: what begins otherwise is another file.
    fs::write(bench.path("a.log"), "completely new\n").unwrap();
    bench.restart();
    assert_eq!(bench.read(), ["completely new"]);
}

#[test]
fn what_was_not_accepted_is_read_again() {
    let mut bench = Bench::new(&["a.log"]);
    bench.write("a.log", "one\ntwo\n  more of two\n");
    bench.now += 1000;
    let now = Timestamp::from_millis(bench.now);
    bench.tail.discover(now);
    let chunks = bench.tail.poll(now);
    assert_eq!(chunks[0].position.offset, 4, "the second record may go on");
    bench.keep(chunks[0].position.clone());
    bench.restart();
    assert_eq!(bench.read(), ["two\n  more of two"]);
}

#[test]
fn the_first_start_may_begin_near_the_end() {
    let mut bench = Bench::new(&["a.log"]);
    bench.write("a.log", "one\ntwo\nthree\n");
    for (bytes, expected) in [
        (100, vec!["one", "two", "three"]),
        (10, vec!["two", "three"]),
        (9, vec!["three"]),
        (1, vec![]),
    ] {
        bench.config.start_at = StartAt::LastBytes(bytes);
        bench.positions.clear();
        bench.restart();
        assert_eq!(bench.read(), expected, "the last {bytes} bytes");
    }
    bench.config.start_at = StartAt::End;
    bench.positions.clear();
    bench.restart();
    assert!(bench.read().is_empty());
    bench.write("a.log", "four\n");
    assert_eq!(bench.read(), ["four"]);
}

#[test]
fn links_are_followed_and_another_target_is_another_file() {
    let mut bench = Bench::new(&["current.log"]);
    bench.write("one.txt", "one\n");
    bench.write("two.txt", "two\n");
    symlink(bench.path("one.txt"), bench.path("current.log")).unwrap();
    assert_eq!(bench.read(), ["one"]);
    fs::remove_file(bench.path("current.log")).unwrap();
    symlink(bench.path("two.txt"), bench.path("current.log")).unwrap();
    assert_eq!(bench.read(), ["two"]);
}

#[test]
fn what_cannot_be_read_is_told_and_the_others_go_on() {
    let mut bench = Bench::new(&["*.log", "folder", "missing.txt"]);
    bench.write("good.log", "good\n");
    bench.write("empty.log", "");
    bench.write("binary.log", b"\x7fELF\0\0\0");
    fs::create_dir(bench.path("folder")).unwrap();
    symlink(bench.path("nowhere"), bench.path("broken.log")).unwrap();
    assert_eq!(bench.read(), ["good"]);
    assert_eq!(bench.status("empty.log").0, FileState::Waiting);
    assert_eq!(bench.status("missing.txt").1, "does not exist yet");
    assert_eq!(bench.status("broken.log").0, FileState::Waiting);
    let (state, detail) = bench.status("binary.log");
    assert_eq!(
        (state, detail.as_str()),
        (FileState::Error, "is not text, so it is not read")
    );
    let (state, detail) = bench.status("folder");
    assert!(
        state == FileState::Error && detail.starts_with("is a folder"),
        "{detail}"
    );
    bench.write("missing.txt", "there\n");
    bench.write("empty.log", "no more\n");
    let mut lines = bench.read();
    lines.sort();
    assert_eq!(lines, ["no more", "there"]);
}

#[test]
fn long_lines_are_cut_and_odd_bytes_kept() {
    let mut bench = Bench::new(&["a.log"]);
    bench.write("a.log", "x".repeat(5000));
    bench.write("a.log", "\nnext\n");
    bench.write("a.log", b"a \xff b\n");
    let lines = bench.read();
    assert_eq!(lines[0].len(), 1000);
    assert_eq!(lines[1..], ["next", "a \u{fffd} b"]);
}

#[test]
fn a_line_longer_than_many_turns_does_not_hold_up_the_next() {
    let mut bench = Bench::new(&["a.log"]);
    bench.write("a.log", "x".repeat(8 << 20));
    bench.write("a.log", "\nafter\n");
    let lines = bench.read();
    assert_eq!(lines.len(), 2);
    assert_eq!((lines[0].len(), lines[1].as_str()), (1000, "after"));
}

#[test]
fn two_names_of_one_file_are_read_once() {
    let mut bench = Bench::new(&["*.log"]);
    bench.write("a.log", "one\n");
    fs::hard_link(bench.path("a.log"), bench.path("b.log")).unwrap();
    assert_eq!(bench.read(), ["one"]);
}

/// Random writes, rotations, truncations after everything was read, and restarts: every line comes
/// once. The glob covers rotated names, because two rotations between two looks would hide a file.
#[test]
fn whatever_happens_every_line_comes_once() {
    let mut seed = 7u64;
    let mut random = move |below: u64| {
        seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % below
    };
    let mut bench = Bench::new(&["a.log*"]);
    let (mut written, mut read) = (Vec::new(), Vec::new());
    let mut rotations = 0;
    for step in 0..300 {
        match random(10) {
            0 => {
                rotations += 1;
                if bench.path("a.log").exists() {
                    bench.rename("a.log", &format!("a.log.{rotations}"));
                }
            }
            1 => {
                read.extend(bench.read());
                if bench.path("a.log").exists() {
                    let file = File::options()
                        .write(true)
                        .open(bench.path("a.log"))
                        .unwrap();
                    file.set_len(0).unwrap();
                }
            }
            2 => {
                read.extend(bench.read());
                bench.restart();
            }
            3 | 4 => read.extend(bench.read()),
            _ => {
                for line in 0..random(20) {
                    let text = format!("line {step}.{line} {}", "y".repeat(random(50) as usize));
                    bench.write("a.log", format!("{text}\n"));
                    written.push(text.trim_end().to_owned());
                }
            }
        }
    }
    read.extend(bench.read());
    let mut read: Vec<String> = read.iter().map(|line| line.trim_end().to_owned()).collect();
    read.sort();
    written.sort();
    assert_eq!(read.len(), written.len());
    assert_eq!(read, written);
}

/// Runs the real logrotate; nothing is tested where it is not installed.
fn logrotate(bench: &Bench, options: &str) -> bool {
    let program = Path::new("/usr/sbin/logrotate");
    if !program.exists() {
        return false;
    }
    let (config, state) = (bench.path("rotate.conf"), bench.path("rotate.state"));
    let log = bench.path("a.log");
    let text = format!(
        "{} {{\n rotate 3\n size 1\n missingok\n {options}\n}}\n",
        log.display()
    );
    fs::write(&config, text).unwrap();
    // It refuses what others than its user can write.
    let only_mine = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    fs::set_permissions(&config, only_mine).unwrap();
    let done = std::process::Command::new(program)
        .args(["--force", "--state"])
        .args([&state, &config])
        .output()
        .unwrap();
    assert!(
        done.status.success(),
        "{}",
        String::from_utf8_lossy(&done.stderr)
    );
    true
}

#[test]
fn the_real_logrotate_loses_and_repeats_nothing() {
    for options in [
        "create",
        "copytruncate",
        "create\n compress",
        "create\n compress\n delaycompress",
    ] {
        let mut bench = Bench::new(&["a.log"]);
        let mut expected = Vec::new();
        let mut read = Vec::new();
        for round in 0..4 {
            for line in 0..50 {
                let text = format!("round {round} line {line}");
                bench.write("a.log", format!("{text}\n"));
                expected.push(text);
            }
            // What copytruncate throws away between its copy and its cut nobody can read, and a
            // file that is compressed at once was read before or is lost.
            if options != "create" || round % 2 == 0 {
                read.extend(bench.read());
            }
            if !logrotate(&bench, options) {
                return;
            }
            read.extend(bench.read());
        }
        read.sort();
        expected.sort();
        assert_eq!(read, expected, "{options}");
    }
}
