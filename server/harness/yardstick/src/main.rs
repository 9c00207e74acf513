//! Indexes the lines of a file with tantivy and prints what it cost: the yardstick of `make bench`.

use std::fs;
use std::io::{BufRead, BufReader, Write};

use anyhow::Context;
use tantivy::schema::{STORED, Schema, TEXT};
use tantivy::{Index, doc};

/// Memory for the index writer, as its documentation recommends for one thread.
const WRITER_BYTES: usize = 100 << 20;
/// Ticks of `/proc/self/stat` in a second.
const TICKS: f64 = 100.0;

fn main() -> anyhow::Result<()> {
    let corpus = std::env::args().nth(1).context("usage: tocsin-yardstick CORPUS")?;
    let folder = tempfile::tempdir()?;
    let mut schema = Schema::builder();
    let body = schema.add_text_field("body", TEXT | STORED);
    let index = Index::create_in_dir(folder.path(), schema.build())?;
    let mut writer = index.writer_with_num_threads(1, WRITER_BYTES)?;
    let before = cpu_seconds()?;
    let (mut lines, mut bytes) = (0u64, 0u64);
    for line in BufReader::with_capacity(1 << 20, fs::File::open(corpus)?).lines() {
        let line = line?;
        lines += 1;
        bytes += line.len() as u64;
        writer.add_document(doc!(body => line))?;
    }
    writer.commit()?;
    writer.wait_merging_threads()?;
    let cpu = cpu_seconds()? - before;
    let disk: u64 = fs::read_dir(folder.path())?
        .map(|entry| Ok(entry?.metadata()?.len()))
        .sum::<std::io::Result<u64>>()?;
    let mut out = std::io::stdout().lock();
    writeln!(out, "tantivy lines per CPU second        {:.0}", lines as f64 / cpu)?;
    writeln!(out, "tantivy bytes on disk per raw byte  {:.4}", disk as f64 / bytes as f64)?;
    Ok(())
}

/// Seconds of processor time, user and system, that this process has used.
fn cpu_seconds() -> anyhow::Result<f64> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let field = |index: usize| after_name.split_whitespace().nth(index)?.parse::<f64>().ok();
    let ticks = field(11).zip(field(12)).map(|(user, system)| user + system);
    Ok(ticks.context("no processor times")? / TICKS)
}
