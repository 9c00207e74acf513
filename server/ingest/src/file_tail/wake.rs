//! Wakes the reader as soon as a followed file grows, where the kernel tells (inotify). On network
//! file systems it does not, nor on other systems than Linux: there the pace of polling remains.

use super::identity::Identity;

#[cfg(target_os = "linux")]
mod kernel {
    use std::collections::HashMap;
    use std::os::fd::OwnedFd;
    use std::path::Path;

    use rustix::fs::inotify;
    use tokio::io::unix::AsyncFd;

    use super::Identity;

    /// Room for the events of one reading; they are only counted as "something grew".
    const BUFFER_BYTES: usize = 4096;

    /// The files that are watched.
    #[derive(Debug)]
    pub(crate) struct Wake {
        /// None where the kernel refuses: too many watches, or a sandbox.
        events: Option<AsyncFd<OwnedFd>>,
        watched: HashMap<Identity, i32>,
    }

    impl Wake {
        /// Watches nothing yet. To be called within a runtime.
        #[expect(
            deprecated,
            reason = "its successor is unsafe; what it asks for, that the descriptor is owned, holds"
        )]
        pub(crate) fn new() -> Self {
            let flags = inotify::CreateFlags::NONBLOCK | inotify::CreateFlags::CLOEXEC;
            let events = inotify::init(flags)
                .map_err(std::io::Error::from)
                .and_then(AsyncFd::new);
            Self {
                events: events
                    .inspect_err(|error| tracing::debug!(%error, "files are polled"))
                    .ok(),
                watched: HashMap::new(),
            }
        }

        /// Watches exactly these files.
        pub(crate) fn watch<'a>(&mut self, files: impl Iterator<Item = (Identity, &'a Path)>) {
            let Some(events) = &self.events else {
                return;
            };
            let mut gone = std::mem::take(&mut self.watched);
            for (identity, path) in files {
                let known = gone.remove(&identity);
                let flags = inotify::WatchFlags::MODIFY;
                // A file that was renamed is still watched by what it is.
                let watch =
                    known.or_else(|| inotify::add_watch(events.get_ref(), path, flags).ok());
                if let Some(watch) = watch {
                    self.watched.insert(identity, watch);
                }
            }
            for watch in gone.into_values() {
                // It goes by itself with its file.
                let _ = inotify::remove_watch(events.get_ref(), watch);
            }
        }

        /// Returns once something grew since the last time.
        ///
        /// # Cancel safety
        /// Safe: what was not returned is returned next time.
        pub(crate) async fn woken(&self) {
            let Some(events) = &self.events else {
                return std::future::pending().await;
            };
            let Ok(mut ready) = events.readable().await else {
                return std::future::pending().await;
            };
            let mut buffer = [0u8; BUFFER_BYTES];
            while rustix::io::read(events.get_ref(), &mut buffer).is_ok_and(|bytes| bytes > 0) {}
            ready.clear_ready();
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod kernel {
    use std::path::Path;

    use super::Identity;

    /// Nothing tells.
    #[derive(Debug)]
    pub(crate) struct Wake;

    impl Wake {
        pub(crate) fn new() -> Self {
            Self
        }

        pub(crate) fn watch<'a>(&mut self, _: impl Iterator<Item = (Identity, &'a Path)>) {}

        pub(crate) async fn woken(&self) {
            std::future::pending().await
        }
    }
}

pub(super) use kernel::Wake;

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::io::Write;
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn it_wakes_when_a_file_grows_also_after_it_was_renamed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.log");
        let mut file = std::fs::File::create(&path).unwrap();
        let identity = Identity::of(&file.metadata().unwrap());
        let mut wake = Wake::new();
        wake.watch([(identity, path.as_path())].into_iter());
        let quiet = tokio::time::timeout(Duration::from_millis(20), wake.woken()).await;
        assert!(quiet.is_err(), "nothing grew");
        for name in ["a.log", "a.log.1"] {
            if name != "a.log" {
                std::fs::rename(&path, folder.path().join(name)).unwrap();
                wake.watch([(identity, path.as_path())].into_iter());
            }
            file.write_all(b"line\n").unwrap();
            let woken = tokio::time::timeout(Duration::from_secs(10), wake.woken()).await;
            assert!(woken.is_ok(), "{name}");
        }
    }
}
