//! Lines on their way to standard error. Whoever logs never waits for who reads: a thread of its own writes, and what finds
//! no room is dropped and counted.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, TrySendError, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use tracing_subscriber::fmt::MakeWriter;

/// Lines that wait at most.
const ROOM: usize = 8192;
/// How often a flush looks whether there is room for it.
const ROOM_AGAIN: Duration = Duration::from_millis(5);

/// The way in. Clones lead to the same place.
#[derive(Clone, Debug)]
pub(super) struct LineQueue {
    queue: SyncSender<Item>,
    dropped: Arc<AtomicU64>,
}

#[derive(Debug)]
enum Item {
    Line(Vec<u8>),
    /// Said to be done when all before it is written.
    Flush(SyncSender<()>),
}

impl LineQueue {
    /// Starts the thread that writes to `out`. It ends when every clone is gone and all is written.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub(super) fn to(out: impl Write + Send + 'static) -> io::Result<Self> {
        Self::with_room(ROOM, out)
    }

    fn with_room(room: usize, out: impl Write + Send + 'static) -> io::Result<Self> {
        let (queue, items) = sync_channel(room);
        let dropped = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&dropped);
        thread::Builder::new()
            .name("portcullis-log".to_owned())
            .spawn(move || write_all(&items, &counted, out))?;
        Ok(Self { queue, dropped })
    }

    /// Waits until all lines so far are written, or the time is over. It blocks.
    pub(super) fn flush(&self, time: Duration) {
        let end = Instant::now() + time;
        let (done, written) = sync_channel(1);
        let mut flush = Item::Flush(done);
        while let Err(TrySendError::Full(again)) = self.queue.try_send(flush) {
            if Instant::now() >= end {
                return;
            }
            flush = again;
            thread::sleep(ROOM_AGAIN);
        }
        // Not in time, or the thread is gone: there is no more to be done for the lines.
        let _ = written.recv_timeout(end.saturating_duration_since(Instant::now()));
    }
}

impl Write for LineQueue {
    /// Takes a line whole, or drops it whole.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if self.queue.try_send(Item::Line(line.to_vec())).is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for LineQueue {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

/// Standard error that cannot be written to is nobody's to hear of: lines go on being taken.
fn write_all(items: &Receiver<Item>, dropped: &AtomicU64, mut out: impl Write) {
    while let Some(item) = next(items, dropped) {
        match item {
            Item::Line(line) => {
                let _ = out.write_all(&line);
            }
            Item::Flush(done) => {
                let _ = out.flush();
                // Whoever asked may have stopped waiting.
                let _ = done.try_send(());
            }
        }
    }
}

/// The next item; nothing when every sender is gone. Before it waits it tells how many lines found no room: only now there is
/// room for the line that tells it.
fn next(items: &Receiver<Item>, dropped: &AtomicU64) -> Option<Item> {
    match items.try_recv() {
        Err(TryRecvError::Empty) => {}
        taken => return taken.ok(),
    }
    let lines = dropped.swap(0, Ordering::Relaxed);
    if lines > 0 {
        tracing::warn!(lines, "log lines were dropped: standard error was not read in time");
    }
    items.recv().ok()
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::mpsc::{Sender, channel};

    use super::super::tests::logged;
    use super::*;
    use crate::config::{LogFormat, LogLevel};

    /// Written to when told so.
    struct Gated {
        may: Receiver<()>,
        seen: Arc<Mutex<Vec<u8>>>,
    }

    impl Write for Gated {
        fn write(&mut self, line: &[u8]) -> io::Result<usize> {
            let _ = self.may.recv();
            self.seen.lock().unwrap().extend_from_slice(line);
            Ok(line.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn gated(room: usize) -> (LineQueue, Sender<()>, Arc<Mutex<Vec<u8>>>) {
        let (open, may) = channel();
        let seen = Arc::default();
        let queue = LineQueue::with_room(room, Gated { may, seen: Arc::clone(&seen) }).unwrap();
        (queue, open, seen)
    }

    #[test]
    fn who_logs_does_not_wait_for_who_reads() {
        let (mut queue, open, seen) = gated(4);
        // Nothing is read: one line is being written at most, four wait, the others are dropped.
        for number in 0..20 {
            queue.write_all(format!("{number}\n").as_bytes()).unwrap();
        }
        queue.flush(Duration::from_millis(1));
        let lost = queue.dropped.load(Ordering::Relaxed);
        assert!((15..=16).contains(&lost), "{lost}");
        drop(open);
        queue.flush(Duration::from_secs(30));
        // The lines that had room are there, in their order.
        let text = String::from_utf8(seen.lock().unwrap().clone()).unwrap();
        assert!(text.starts_with("0\n1\n2\n3\n"), "{text}");
        assert_eq!(text.lines().count() as u64, 20 - lost);
        drop(queue);
    }

    #[test]
    fn how_many_found_no_room_is_told_once_nothing_waits() {
        let (sender, items) = sync_channel(1);
        let dropped = Arc::new(AtomicU64::new(3));
        let told = || logged(LogFormat::Text, LogLevel::Warn, || assert!(next(&items, &dropped).is_some()));
        sender.send(Item::Line(Vec::new())).unwrap();
        assert_eq!(told(), "", "there is no room for it yet");
        assert_eq!(dropped.load(Ordering::Relaxed), 3);
        // The next line comes only after that was told.
        let untold = Arc::clone(&dropped);
        let next_line = thread::spawn(move || {
            while untold.load(Ordering::Relaxed) > 0 {
                thread::yield_now();
            }
            sender.send(Item::Line(Vec::new()))
        });
        let text = told();
        next_line.join().unwrap().unwrap();
        assert!(text.contains("log lines were dropped") && text.contains("lines=3"), "{text}");
    }

    #[test]
    fn all_is_written_before_a_flush_ends() {
        let (mut queue, open, seen) = gated(64);
        drop(open);
        for number in 0..50 {
            queue.write_all(format!("{number}\n").as_bytes()).unwrap();
        }
        queue.flush(Duration::from_secs(30));
        assert_eq!(seen.lock().unwrap().iter().filter(|byte| **byte == b'\n').count(), 50);
    }
}
