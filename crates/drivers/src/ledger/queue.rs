//! The queue before the writer. Renewals of leases have places of their own and go first: calls in any number, which a
//! busy gate has, must not cost it its lease.

use tokio::sync::mpsc;

use super::job::{Job, Work};

/// Most values that wait. Beyond that a caller is refused at once.
const QUEUE: usize = 1024;
/// Most renewals that wait. An instance asks for one at a time and gives up within a second, so these are those of a minute in
/// which the database hangs.
const RENEWALS: usize = 64;

/// Where callers put their values.
#[derive(Debug)]
pub(super) struct Callers {
    values: mpsc::Sender<Job>,
    renewals: mpsc::Sender<Job>,
}

/// Where the writer takes them.
#[derive(Debug)]
pub(super) struct Queue {
    values: mpsc::Receiver<Job>,
    renewals: mpsc::Receiver<Job>,
}

/// An empty queue.
pub(super) fn queue() -> (Callers, Queue) {
    let (values, taken) = mpsc::channel(QUEUE);
    let (renewals, renewed) = mpsc::channel(RENEWALS);
    (Callers { values, renewals }, Queue { values: taken, renewals: renewed })
}

impl Callers {
    /// Puts a value at the end. False when the queue is full, or nobody serves it.
    pub(super) fn put(&self, job: Job) -> bool {
        let end = if matches!(job.work, Work::Renew { .. }) { &self.renewals } else { &self.values };
        end.try_send(job).is_ok()
    }

    /// How many wait.
    pub(super) fn waiting(&self) -> usize {
        self.values.max_capacity() - self.values.capacity()
    }
}

impl Queue {
    /// Adds what has queued, at most so many values, and waits only if there is nothing at all. False when there is nothing
    /// and never will be.
    pub(super) async fn fill(&mut self, jobs: &mut Vec<Job>, most: usize) -> bool {
        if jobs.is_empty() && self.is_empty() {
            let first = tokio::select! {
                biased;
                Some(renewal) = self.renewals.recv() => renewal,
                Some(value) = self.values.recv() => value,
                else => return false,
            };
            jobs.push(first);
        }
        while let Ok(renewal) = self.renewals.try_recv() {
            jobs.push(renewal);
        }
        for _ in 0..most {
            let Ok(value) = self.values.try_recv() else { break };
            jobs.push(value);
        }
        true
    }

    /// How many are left in it.
    pub(super) fn len(&self) -> usize {
        self.values.len()
    }

    fn is_empty(&self) -> bool {
        self.values.is_empty() && self.renewals.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use portcullis_schemas::timestamp::Timestamp;
    use tokio::sync::oneshot;

    use super::*;

    fn job(work: Work) -> Job {
        Job { work, answer: oneshot::channel().0 }
    }

    fn renewal() -> Job {
        let instance = "ins_01arz3ndektsv4rrffq69g5fav".parse().unwrap();
        job(Work::Renew { instance, until: Timestamp::from_micros(3_000_000) })
    }

    #[tokio::test]
    async fn a_renewal_has_a_place_in_a_full_queue_and_goes_first() {
        let (callers, mut queue) = queue();
        for _ in 0..QUEUE {
            assert!(callers.put(job(Work::Probe)));
        }
        assert!(!callers.put(job(Work::Probe)));
        assert!(callers.put(renewal()));
        assert_eq!(callers.waiting(), QUEUE);

        let mut jobs = Vec::new();
        assert!(queue.fill(&mut jobs, 10).await);
        assert!(matches!(jobs[0].work, Work::Renew { .. }));
        assert_eq!((jobs.len(), queue.len()), (11, QUEUE - 10));
        // What is left over keeps its place and costs nobody else's.
        assert!(queue.fill(&mut jobs, 10).await);
        assert_eq!((jobs.len(), queue.len()), (21, QUEUE - 20));
    }

    #[tokio::test]
    async fn what_was_put_is_served_after_the_last_caller_has_gone() {
        let (callers, mut queue) = queue();
        assert!(callers.put(job(Work::Probe)));
        assert!(callers.put(renewal()));
        drop(callers);
        let mut jobs = Vec::new();
        assert!(queue.fill(&mut jobs, 10).await);
        assert_eq!(jobs.len(), 2);
        jobs.clear();
        assert!(!queue.fill(&mut jobs, 10).await);
    }
}
