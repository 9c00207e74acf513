//! Time to threshold on simulated disks.

pub(crate) fn run() -> anyhow::Result<()> {
    anyhow::bail!("not measured yet")
}

pub(crate) fn table(_: &()) -> String {
    String::new()
}
