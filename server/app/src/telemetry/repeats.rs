//! Warnings and errors that come again and again, as while an engine is away: some of each are written,
//! the rest is counted, and the count is told once a minute. A log must not fill the disk.

use std::collections::HashMap;
use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tracing::callsite::Identifier;
use tracing::{Level, Metadata};
use tracing_subscriber::fmt::MakeWriter;

/// Where it is told what was left out; that is never left out itself.
const TARGET: &str = module_path!();
/// How long is counted together.
const WINDOW: Duration = Duration::from_secs(60);
/// How much is told of a line that was left out, in bytes.
const TOLD_BYTES_MAX: usize = 400;

/// Makes writers that write so many warnings and errors of one place in the code within a window.
#[derive(Debug, Clone)]
pub(super) struct Repeats<M> {
    writers: M,
    most: u32,
    places: Places,
}

type Places = Arc<Mutex<HashMap<Identifier, Place>>>;

#[derive(Debug, Default)]
pub(super) struct Place {
    count: u32,
    /// The first line that was left out.
    line: String,
}

/// What is done with a line.
#[derive(Debug)]
pub(super) enum Line<W> {
    /// It goes on.
    Written(W),
    /// The first that is left out: it is kept to be told of.
    Kept(Places, Identifier),
    /// It is counted only.
    Counted,
}

impl<M> Repeats<M> {
    /// Writes `most` of each with these writers; all of them if it is 0.
    pub(super) fn new(writers: M, most: u32) -> Self {
        let places = Places::default();
        Self {
            writers,
            most,
            places,
        }
    }

    /// Tells each minute what was left out, for as long as the process lives.
    ///
    /// # Errors
    /// If there can be no thread.
    pub(super) fn tell(&self) -> io::Result<()> {
        let (places, most) = (self.places.clone(), self.most);
        let tells = move || {
            loop {
                std::thread::sleep(WINDOW);
                for (line, left_out) in next_window(&places, most) {
                    tracing::warn!(target: TARGET, left_out, "more lines like this within a minute: {line}");
                }
            }
        };
        let thread = std::thread::Builder::new().name("log".into());
        thread.spawn(tells).map(drop)
    }
}

/// Ends the window: what was left out in it, and how often.
fn next_window(places: &Places, most: u32) -> Vec<(String, u32)> {
    let ended = std::mem::take(&mut *places.lock());
    let left_out = ended.into_values().filter_map(|place| {
        let left_out = place.count.checked_sub(most).filter(|count| *count > 0)?;
        Some((place.line, left_out))
    });
    left_out.collect()
}

impl<'a, M: MakeWriter<'a>> MakeWriter<'a> for Repeats<M> {
    type Writer = Line<M::Writer>;

    fn make_writer(&'a self) -> Self::Writer {
        Line::Written(self.writers.make_writer())
    }

    fn make_writer_for(&'a self, event: &Metadata<'_>) -> Self::Writer {
        let written = || Line::Written(self.writers.make_writer_for(event));
        if self.most == 0 || *event.level() > Level::WARN || event.target() == TARGET {
            return written();
        }
        let mut places = self.places.lock();
        let place = places.entry(event.callsite()).or_default();
        place.count = place.count.saturating_add(1);
        if place.count <= self.most {
            written()
        } else if place.line.is_empty() {
            Line::Kept(self.places.clone(), event.callsite())
        } else {
            Line::Counted
        }
    }
}

impl<W: Write> Write for Line<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Written(writer) => return writer.write(bytes),
            Self::Kept(places, place) => {
                let line = String::from_utf8_lossy(bytes);
                let line = line.trim_end();
                let end = line.floor_char_boundary(TOLD_BYTES_MAX);
                let mut places = places.lock();
                places.entry(place.clone()).or_default().line = line[..end].to_owned();
            }
            Self::Counted => {}
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Written(writer) => writer.flush(),
            Self::Kept(..) | Self::Counted => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use tracing_subscriber::fmt;
    use tracing_subscriber::layer::SubscriberExt;

    use super::*;

    #[derive(Debug, Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().extend(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl<'a> MakeWriter<'a> for Lines {
        type Writer = Self;

        fn make_writer(&'a self) -> Self {
            self.clone()
        }
    }

    fn written(most: u32, log: impl Fn(&Places)) -> String {
        let lines = Lines::default();
        let repeats = Repeats::new(lines.clone(), most);
        let places = repeats.places.clone();
        let layer = fmt::layer().with_writer(repeats).with_ansi(false);
        let subscriber = tracing_subscriber::registry().with(layer.without_time());
        tracing::subscriber::with_default(subscriber, || log(&places));
        let bytes = lines.0.lock().clone();
        String::from_utf8(bytes).unwrap()
    }

    fn away(partition: u32) {
        tracing::warn!(target: "elsewhere", partition, "the bus is away");
    }

    #[test]
    fn some_of_what_repeats_are_written_and_the_rest_is_counted() {
        let text = written(3, |places| {
            for partition in 0..10 {
                away(partition);
                tracing::info!(target: "elsewhere", "a request");
                tracing::warn!(target: TARGET, "told");
            }
            tracing::error!(target: "elsewhere", "another place");
            let first = " WARN elsewhere: the bus is away partition=3".to_owned();
            assert_eq!(next_window(places, 3), [(first, 7)]);
            away(10);
            assert_eq!(next_window(places, 3), []);
        });
        let count = |words: &str| text.matches(words).count();
        assert_eq!(count("the bus is away"), 4, "{text}");
        assert_eq!(count("partition=2"), 1, "the first of them: {text}");
        assert_eq!(count("partition=10"), 1, "and of the next window");
        assert_eq!((count("a request"), count("told")), (10, 10));
        assert_eq!(count("another place"), 1);
    }

    #[test]
    fn all_are_written_if_that_is_wanted() {
        let text = written(0, |places| {
            (0..20).for_each(away);
            assert_eq!(next_window(places, 0), []);
        });
        assert_eq!(text.lines().count(), 20);
    }
}
