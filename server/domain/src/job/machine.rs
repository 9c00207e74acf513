//! The steps of a job. Each says whether it could be taken, and leaves the job as it was if not.

use super::{Job, JobStatus, Progress};
use crate::time::Timestamp;

/// What became of an attempt to take a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claimed {
    /// It is to be done now, under the job's new fence.
    Taken,
    /// Its last worker was lost, and it is not to be begun again: it has ended.
    Ended,
    /// It is not to be begun now.
    NotReady,
}

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// It is done; what came of it, as a JSON object.
    Done(String),
    /// It cannot be done; says why.
    Refused(String),
    /// It could not be done this time.
    Failed {
        /// Why, for people.
        error: String,
        /// How long to wait before the next attempt, in ms.
        retry_after_ms: i64,
    },
    /// It was called off, and stopped.
    Cancelled,
    /// It was interrupted through no fault of its own: it goes on elsewhere, and this was no attempt.
    PutBack,
}

/// Why a person cannot do that with a job.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JobRefusal {
    /// It is over.
    #[error("it has ended already: it is {}", .0.name())]
    Finished(JobStatus),
    /// It is not over.
    #[error("it has not ended yet: it is {}", .0.name())]
    Unfinished(JobStatus),
    /// It is done, and is not done again.
    #[error("it is done: ask for it anew")]
    Succeeded,
}

/// The error of a job whose worker did not come back.
const LOST: &str = "the server that did it went away, as did those before: it was given up";

impl Job {
    /// Takes the job for a worker until a time, if it is due, or if who had it let its lease lapse.
    pub fn claim(&mut self, worker: &str, now: Timestamp, until: Timestamp) -> Claimed {
        let is_lapsed = self.lease_until.is_none_or(|until| until < now);
        match self.status {
            JobStatus::Queued if self.due_at <= now => {}
            JobStatus::Running if is_lapsed && self.is_cancel_asked => {
                self.end(JobStatus::Cancelled, now);
                return Claimed::Ended;
            }
            JobStatus::Running if is_lapsed && self.attempts >= self.attempts_max => {
                self.error = Some(LOST.to_owned());
                self.end(JobStatus::Dead, now);
                return Claimed::Ended;
            }
            JobStatus::Running if is_lapsed => {}
            _ => return Claimed::NotReady,
        }
        self.status = JobStatus::Running;
        self.attempts = self.attempts.saturating_add(1);
        self.fence += 1;
        self.worker = Some(worker.to_owned());
        self.lease_until = Some(until);
        self.started_at = Some(now);
        Claimed::Taken
    }

    /// Whether who claimed it under this fence still has it.
    #[must_use]
    pub fn is_held(&self, fence: u64) -> bool {
        self.status == JobStatus::Running && self.fence == fence
    }

    /// Keeps the lease until a later time, with what is done so far. False: it was lost.
    pub fn renew(&mut self, fence: u64, until: Timestamp, progress: Option<Progress>) -> bool {
        if !self.is_held(fence) {
            return false;
        }
        self.lease_until = self.lease_until.max(Some(until));
        if let Some(progress) = progress {
            self.progress = progress;
        }
        true
    }

    /// Keeps where the next attempt goes on. False: the lease was lost.
    pub fn mark(&mut self, fence: u64, checkpoint: String) -> bool {
        let is_held = self.is_held(fence);
        if is_held {
            self.checkpoint = Some(checkpoint);
        }
        is_held
    }

    /// Ends an attempt. False: the lease was lost, and somebody else says how it ends.
    pub fn finish(&mut self, fence: u64, now: Timestamp, ending: Ending) -> bool {
        if !self.is_held(fence) {
            return false;
        }
        match ending {
            Ending::Done(result) => {
                self.result = Some(result);
                self.error = None;
                self.checkpoint = None;
                self.end(JobStatus::Succeeded, now);
            }
            Ending::Refused(error) => {
                self.error = Some(error);
                self.end(JobStatus::Failed, now);
            }
            Ending::Failed {
                error,
                retry_after_ms,
            } => {
                self.error = Some(error);
                if self.is_cancel_asked {
                    self.end(JobStatus::Cancelled, now);
                } else if self.attempts >= self.attempts_max {
                    self.end(JobStatus::Dead, now);
                } else {
                    let wait = retry_after_ms.max(0).saturating_mul(1_000_000);
                    self.wait(Timestamp(now.0.saturating_add(wait)));
                }
            }
            Ending::Cancelled => self.end(JobStatus::Cancelled, now),
            Ending::PutBack if self.is_cancel_asked => self.end(JobStatus::Cancelled, now),
            Ending::PutBack => {
                self.attempts = self.attempts.saturating_sub(1);
                self.wait(now);
            }
        }
        true
    }

    /// Calls it off: at once if it waits; one that is running is told.
    ///
    /// # Errors
    /// [`JobRefusal::Finished`].
    pub fn cancel(&mut self, now: Timestamp) -> Result<(), JobRefusal> {
        match self.status {
            JobStatus::Queued => self.end(JobStatus::Cancelled, now),
            JobStatus::Running => self.is_cancel_asked = true,
            status => return Err(JobRefusal::Finished(status)),
        }
        Ok(())
    }

    /// Has it tried again at once, with all its attempts; it goes on where it was. One that waits for
    /// its next attempt does not wait any longer.
    ///
    /// # Errors
    /// [`JobRefusal::Unfinished`] if it is running, [`JobRefusal::Succeeded`] if it is done.
    pub fn retry(&mut self, now: Timestamp) -> Result<(), JobRefusal> {
        match self.status {
            JobStatus::Running => return Err(JobRefusal::Unfinished(self.status)),
            JobStatus::Succeeded => return Err(JobRefusal::Succeeded),
            JobStatus::Queued => {}
            JobStatus::Failed | JobStatus::Dead | JobStatus::Cancelled => self.attempts = 0,
        }
        self.is_cancel_asked = false;
        self.finished_at = None;
        self.wait(now);
        Ok(())
    }

    fn wait(&mut self, due_at: Timestamp) {
        self.status = JobStatus::Queued;
        self.due_at = due_at;
        self.lease_until = None;
    }

    fn end(&mut self, status: JobStatus, now: Timestamp) {
        self.status = status;
        self.finished_at = Some(now);
        self.lease_until = None;
    }
}

/// How long to wait after so many attempts, in ms: it doubles from `first_ms` up to `most_ms`, and
/// somewhere between half of that and all of it, as `random` says, so that not all come back at once.
#[must_use]
pub fn retry_after_ms(attempts: u32, first_ms: i64, most_ms: i64, random: u32) -> i64 {
    let doublings = attempts.saturating_sub(1).min(40);
    let whole = first_ms
        .max(1)
        .saturating_mul(1_i64 << doublings)
        .min(most_ms.max(1));
    let half = whole / 2;
    let share = i128::from(whole - half) * i128::from(random) / i128::from(u32::MAX);
    half + i64::try_from(share).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::JobId;
    use super::*;

    const LEASE: i64 = 30;

    fn job() -> Job {
        let mut job = Job::new(JobId(1), "x", "{}".into(), Timestamp(0));
        job.attempts_max = 3;
        job
    }

    fn claim(job: &mut Job, now: i64) -> Claimed {
        job.claim("w", Timestamp(now), Timestamp(now + LEASE))
    }

    #[test]
    fn who_lost_the_lease_cannot_write() {
        let mut job = job();
        assert_eq!(claim(&mut job, 1), Claimed::Taken);
        assert_eq!(claim(&mut job, 31), Claimed::NotReady, "not lapsed");
        assert_eq!(claim(&mut job, 32), Claimed::Taken);
        let before = job.clone();
        assert!(!job.finish(1, Timestamp(33), Ending::Done("{}".into())));
        assert!(!job.renew(1, Timestamp(99), None) && !job.mark(1, "x".into()));
        assert_eq!(job, before);
        assert!(job.finish(2, Timestamp(34), Ending::Done("{}".into())));
        assert_eq!(job.status, JobStatus::Succeeded);
    }

    #[test]
    fn one_that_kills_its_workers_is_given_up() {
        let mut job = job();
        for attempt in 0..3 {
            assert_eq!(claim(&mut job, attempt * 100), Claimed::Taken);
        }
        assert_eq!(claim(&mut job, 300), Claimed::Ended);
        assert_eq!((job.status, job.attempts), (JobStatus::Dead, 3));
        job.retry(Timestamp(301)).unwrap();
        assert_eq!(claim(&mut job, 301), Claimed::Taken);
    }

    #[test]
    fn what_was_put_back_was_no_attempt() {
        let mut job = job();
        claim(&mut job, 1);
        assert!(job.finish(1, Timestamp(2), Ending::PutBack));
        assert_eq!((job.status, job.attempts), (JobStatus::Queued, 0));
        claim(&mut job, 2);
        job.cancel(Timestamp(3)).unwrap();
        assert!(job.finish(2, Timestamp(4), Ending::PutBack));
        assert_eq!(job.status, JobStatus::Cancelled);
    }

    #[test]
    fn waits_grow_and_differ() {
        assert_eq!(retry_after_ms(1, 1000, 60_000, 0), 500);
        assert_eq!(retry_after_ms(1, 1000, 60_000, u32::MAX), 1000);
        assert_eq!(retry_after_ms(4, 1000, 60_000, u32::MAX), 8000);
        assert_eq!(retry_after_ms(40, 1000, 60_000, u32::MAX), 60_000);
        assert!(retry_after_ms(u32::MAX, i64::MAX, i64::MAX, 7) >= i64::MAX / 2);
    }

    /// What may happen to a job.
    #[derive(Debug, Clone)]
    enum Step {
        Wait(i64),
        Claim,
        Renew(u64),
        Finish(u64, Ending),
        Cancel,
        Retry,
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let ending = prop_oneof![
            Just(Ending::Done("{}".into())),
            Just(Ending::Refused("no".into())),
            (0..200_i64).prop_map(|ms| Ending::Failed {
                error: "again".into(),
                retry_after_ms: ms,
            }),
            Just(Ending::Cancelled),
            Just(Ending::PutBack),
        ];
        let step = prop_oneof![
            (0..50_i64).prop_map(Step::Wait),
            Just(Step::Claim),
            (0..3_u64).prop_map(Step::Renew),
            (0..3_u64, ending).prop_map(|(back, ending)| Step::Finish(back, ending)),
            Just(Step::Cancel),
            Just(Step::Retry),
        ];
        proptest::collection::vec(step, 0..60)
    }

    proptest! {
        #[test]
        fn whatever_happens_a_job_is_in_one_true_state(steps in steps()) {
            let (mut job, mut now, mut claims) = (job(), 0, 0_u64);
            for step in steps {
                let before = job.clone();
                match step {
                    Step::Wait(by) => now += by,
                    Step::Claim => {
                        let claimed = claim(&mut job, now);
                        if claimed == Claimed::Taken {
                            claims += 1;
                            // Never out of hands that hold it.
                            prop_assert!(before.lease_until.is_none_or(|until| until.0 < now));
                            prop_assert!(!before.status.is_finished() && !before.is_cancel_asked);
                        } else if claimed == Claimed::NotReady {
                            prop_assert_eq!(&job, &before);
                        }
                    }
                    Step::Renew(back) => {
                        let fence = job.fence.saturating_sub(back);
                        let held = job.renew(fence, Timestamp(now + LEASE), None);
                        prop_assert_eq!(held, before.is_held(fence));
                    }
                    Step::Finish(back, ending) => {
                        let fence = job.fence.saturating_sub(back);
                        let held = job.finish(fence, Timestamp(now), ending);
                        prop_assert_eq!(held, before.is_held(fence));
                        prop_assert!(held || job == before);
                    }
                    Step::Cancel => {
                        let done = job.cancel(Timestamp(now));
                        prop_assert_eq!(done.is_err(), before.status.is_finished());
                    }
                    Step::Retry => {
                        let _ = job.retry(Timestamp(now));
                        prop_assert!(before.status != JobStatus::Succeeded || job == before);
                    }
                }
                prop_assert_eq!(job.finished_at.is_some(), job.status.is_finished());
                prop_assert_eq!(job.lease_until.is_some(), job.status == JobStatus::Running);
                prop_assert!(job.attempts <= job.attempts_max);
                prop_assert!(!job.is_cancel_asked || job.status != JobStatus::Queued);
                prop_assert_eq!(job.fence, claims);
            }
        }
    }
}
