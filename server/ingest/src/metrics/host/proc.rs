//! What Linux says in `/proc/stat`, `/proc/meminfo` and `/proc/diskstats` (proc(5) and the kernel's
//! `Documentation/admin-guide/iostats.rst`). Text in, numbers out; a line that cannot be read is
//! passed over.

/// Ticks of a second (`USER_HZ`), the same on every architecture that Linux runs on today.
const TICKS: f64 = 100.0;
/// Bytes of a sector in `/proc/diskstats`, whatever the disk has.
const SECTOR_BYTES: u64 = 512;

/// The modes of `/proc/stat`, in its order. Guests are in user and nice already.
pub(super) const MODES: [&str; 8] = [
    "user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal",
];
const IDLE: usize = 3;
const IOWAIT: usize = 4;

/// Seconds in each of [`MODES`].
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct CpuTimes(pub(super) [f64; MODES.len()]);

impl CpuTimes {
    /// Which part of the time since `before` was not idle: `[0, 1]`; none if no time went by.
    pub(super) fn used_ratio_since(&self, before: &Self) -> Option<f64> {
        let mut spent = [0.0; MODES.len()];
        for (mode, spent) in spent.iter_mut().enumerate() {
            // Some kernels count iowait and steal back now and then.
            *spent = (self.0[mode] - before.0[mode]).max(0.0);
        }
        let all: f64 = spent.iter().sum();
        let idle = spent[IDLE] + spent[IOWAIT];
        (all > 0.0).then(|| ((all - idle) / all).clamp(0.0, 1.0))
    }
}

/// The times of all processors together, and of each by its number.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Stat {
    pub(super) all: CpuTimes,
    pub(super) cpus: Vec<(u32, CpuTimes)>,
    pub(super) context_switches: Option<u64>,
    pub(super) forks: Option<u64>,
    pub(super) procs_running: Option<u64>,
    pub(super) procs_blocked: Option<u64>,
}

/// Reads `/proc/stat`; none if it has no line of all processors.
pub(super) fn stat(text: &str) -> Option<Stat> {
    let mut stat = Stat::default();
    let mut has_all = false;
    for line in text.lines() {
        let mut fields = line.split_ascii_whitespace();
        let name = fields.next().unwrap_or_default();
        let number = |fields: &mut dyn Iterator<Item = &str>| fields.next()?.parse().ok();
        match name {
            "ctxt" => stat.context_switches = number(&mut fields),
            "processes" => stat.forks = number(&mut fields),
            "procs_running" => stat.procs_running = number(&mut fields),
            "procs_blocked" => stat.procs_blocked = number(&mut fields),
            _ => {
                let Some(which) = name.strip_prefix("cpu") else {
                    continue;
                };
                let mut times = CpuTimes::default();
                for (time, field) in times.0.iter_mut().zip(fields) {
                    *time = field.parse::<f64>().unwrap_or(0.0) / TICKS;
                }
                if which.is_empty() {
                    has_all = true;
                    stat.all = times;
                } else if let Ok(number) = which.parse() {
                    stat.cpus.push((number, times));
                }
            }
        }
    }
    has_all.then_some(stat)
}

/// Which lines of `/proc/meminfo` are taken, of its fifty.
const MEMORY: [&str; 22] = [
    "MemTotal",
    "MemFree",
    "MemAvailable",
    "Buffers",
    "Cached",
    "SwapCached",
    "Active",
    "Inactive",
    "SwapTotal",
    "SwapFree",
    "Dirty",
    "Writeback",
    "AnonPages",
    "Mapped",
    "Shmem",
    "Slab",
    "SReclaimable",
    "SUnreclaim",
    "KernelStack",
    "PageTables",
    "CommitLimit",
    "Committed_AS",
];

/// Reads `/proc/meminfo`: names and bytes.
pub(super) fn meminfo(text: &str) -> Vec<(&'static str, u64)> {
    let line = |line: &str| {
        let (name, rest) = line.split_once(':')?;
        let known = MEMORY.iter().find(|known| **known == name)?;
        let mut fields = rest.split_ascii_whitespace();
        let number: u64 = fields.next()?.parse().ok()?;
        let bytes = match fields.next() {
            Some("kB") => number.saturating_mul(1024),
            _ => number,
        };
        Some((*known, bytes))
    };
    text.lines().filter_map(line).collect()
}

/// Totals of a disk since the start.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct DiskTotals {
    pub(super) device: String,
    pub(super) reads: u64,
    pub(super) read_bytes: u64,
    pub(super) read_secs: f64,
    pub(super) writes: u64,
    pub(super) written_bytes: u64,
    pub(super) write_secs: f64,
    /// How long it was busy.
    pub(super) busy_secs: f64,
}

/// Reads `/proc/diskstats`, without partitions, loops and RAM disks.
pub(super) fn diskstats(text: &str) -> Vec<DiskTotals> {
    let line = |line: &str| {
        let fields: Vec<&str> = line.split_ascii_whitespace().collect();
        let device = *fields.get(2)?;
        let number = |at: usize| fields.get(at)?.parse::<u64>().ok();
        let totals = DiskTotals {
            device: device.into(),
            reads: number(3)?,
            read_bytes: number(5)?.saturating_mul(SECTOR_BYTES),
            read_secs: number(6)? as f64 / 1000.0,
            writes: number(7)?,
            written_bytes: number(9)?.saturating_mul(SECTOR_BYTES),
            write_secs: number(10)? as f64 / 1000.0,
            busy_secs: number(12)? as f64 / 1000.0,
        };
        is_disk(device).then_some(totals)
    };
    text.lines().filter_map(line).collect()
}

/// Whether a device is a whole disk, as node_exporter sees it.
fn is_disk(device: &str) -> bool {
    let without_digits = device.trim_end_matches(|c: char| c.is_ascii_digit());
    if ["ram", "loop", "fd", "zram", "sr"].contains(&without_digits) {
        return false;
    }
    let has_number = without_digits.len() < device.len();
    // sda1, vdb2, xvda1; nvme0n1p1, mmcblk0p2.
    let is_lettered = ["sd", "hd", "vd", "xvd"].iter().any(|kind| {
        without_digits.strip_prefix(kind).is_some_and(|rest| {
            !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_lowercase())
        })
    });
    let is_part = |kind: &str| device.starts_with(kind) && without_digits.ends_with('p');
    !(has_number && (is_lettered || is_part("nvme") || is_part("mmcblk")))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const STAT: &str = "cpu  350243 19393 34512 118468 540 0 221 367 0 0\n\
        cpu0 174728 9436 16708 60656 161 0 15 188 0 0\n\
        cpu1 175515 9957 17804 57812 378 0 205 178 0 0\n\
        intr 1662373 0 0\nctxt 2861747\nbtime 1795880000\nprocesses 4242\nprocs_running 3\n";

    #[test]
    fn times_of_processors_are_seconds_by_mode() {
        let stat = stat(STAT).unwrap();
        assert_eq!(stat.all.0[0], 3502.43);
        assert_eq!(stat.cpus[1].0, 1);
        assert_eq!(stat.cpus[1].1.0[IDLE], 578.12);
        assert_eq!(
            (stat.context_switches, stat.forks),
            (Some(2_861_747), Some(4242))
        );
        assert_eq!((stat.procs_running, stat.procs_blocked), (Some(3), None));
        assert_eq!(super::stat("intr 1\n"), None);
    }

    #[test]
    fn used_is_what_was_not_idle() {
        let before = CpuTimes([10.0, 0.0, 5.0, 100.0, 5.0, 0.0, 0.0, 0.0]);
        let after = CpuTimes([12.0, 0.0, 6.0, 106.0, 6.0, 0.0, 0.0, 0.0]);
        assert_eq!(after.used_ratio_since(&before), Some(0.3));
        assert_eq!(before.used_ratio_since(&before), None);
    }

    #[test]
    fn memory_is_bytes() {
        let text = "MemTotal:       24684084 kB\nMemFree:  5 kB\nHugePages_Total:       0\nSwapTotal:  0 kB\n";
        let expected = [
            ("MemTotal", 24_684_084 * 1024),
            ("MemFree", 5120),
            ("SwapTotal", 0),
        ];
        assert_eq!(meminfo(text), expected);
    }

    #[test]
    fn disks_are_whole_and_sectors_are_bytes() {
        let text = "   7       0 loop0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n 254       0 vda 135056 11124 7326194 159036 26000 110250 24084112 185164 0 25860 349776 14143 28 6332824 5522 659 52\n 254 1 vda1 1 2 3 4 5 6 7 8 9 10 11\n";
        let disks = diskstats(text);
        assert_eq!(disks.len(), 1);
        assert_eq!(disks[0].device, "vda");
        assert_eq!((disks[0].reads, disks[0].writes), (135_056, 26_000));
        assert_eq!(disks[0].read_bytes, 7_326_194 * 512);
        assert_eq!(disks[0].busy_secs, 25.86);
        for (device, expected) in [
            ("sda", true),
            ("sda1", false),
            ("nvme0n1", true),
            ("nvme0n1p2", false),
            ("mmcblk0", true),
            ("mmcblk0p1", false),
            ("dm-0", true),
            ("md127", true),
            ("zram0", false),
            ("sdaa12", false),
        ] {
            assert_eq!(is_disk(device), expected, "{device}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_survived(text in "(cpu|[a-z]{0,4})[ 0-9a-z:\n]{0,80}") {
            let _ = (stat(&text), meminfo(&text), diskstats(&text));
        }
    }
}
