//! Schedules: what is configured is kept, and each of their times makes one job.

use tocsin_domain::Timestamp;
use tocsin_domain::job::{Job, JobId, Schedule};
use tocsin_domain::ports::{AuditEntry, Created, StoreError};

use crate::JobParts;
use crate::config::ScheduleConfig;
use crate::cron::Cron;
use crate::desk::unique_key;

/// Keeps what is configured: new schedules begin now, changed ones go on, and those that are
/// configured no more are dropped. Whether people paused one stays.
pub(crate) async fn keep(
    parts: &JobParts,
    configured: &[ScheduleConfig],
) -> Result<(), StoreError> {
    let known = parts.store.schedules().await?;
    for schedule in configured {
        let parameters = serde_json::Value::from(schedule.parameters.clone()).to_string();
        let wanted = |before: Option<&Schedule>| Schedule {
            name: schedule.name.clone(),
            kind: schedule.kind.clone(),
            parameters: parameters.clone(),
            cron: schedule.cron.trim().to_owned(),
            is_paused: before.is_some_and(|before| before.is_paused),
            seen_until: before.map_or_else(|| parts.clock.now(), |before| before.seen_until),
            last_job: before.and_then(|before| before.last_job),
            revision: before.map_or(0, |before| before.revision),
        };
        match known.iter().find(|known| known.name == schedule.name) {
            None => {
                parts.store.create_schedule(&wanted(None)).await?;
            }
            Some(before) if *before != wanted(Some(before)) => {
                // If another server changed it just now, it has the same configuration.
                parts.store.replace_schedule(&wanted(Some(before))).await?;
            }
            Some(_) => {}
        }
    }
    for gone in known.iter().filter(|known| {
        let is_named = |one: &ScheduleConfig| one.name == known.name;
        !configured.iter().any(is_named)
    }) {
        parts.store.remove_schedule(&gone.name).await?;
    }
    Ok(())
}

/// Asks for the jobs whose time has come. Returns how many are new.
pub(crate) async fn tick(
    parts: &JobParts,
    now: Timestamp,
    attempts_max: u32,
) -> Result<usize, StoreError> {
    let mut new = 0;
    for mut schedule in parts.store.schedules().await? {
        // Who knows nobody for it leaves it to a server that does.
        if schedule.is_paused || parts.handlers.get(&schedule.kind).is_none() {
            continue;
        }
        let cron = Cron::parse(&schedule.cron).ok();
        let Some(due) = cron.and_then(|cron| cron.until(now)) else {
            continue;
        };
        if due <= schedule.seen_until {
            continue;
        }
        // Before it is noted that the time was seen to: a crash in between asks again, and is told
        // that there is such a job.
        let (job, is_new) = ask(parts, &schedule, (due, now), attempts_max).await?;
        new += usize::from(is_new);
        schedule.seen_until = due;
        schedule.last_job = job.or(schedule.last_job);
        parts.store.replace_schedule(&schedule).await?;
    }
    Ok(new)
}

/// Asks for the job of a time, and says which it is and whether it is new.
async fn ask(
    parts: &JobParts,
    schedule: &Schedule,
    (due, now): (Timestamp, Timestamp),
    attempts_max: u32,
) -> Result<(Option<JobId>, bool), StoreError> {
    let Some(handler) = parts.handlers.get(&schedule.kind) else {
        return Ok((None, false));
    };
    let parameters = match handler.check(&schedule.parameters, now) {
        Ok(parameters) => parameters,
        Err(detail) => {
            tracing::warn!(
                schedule = schedule.name,
                detail,
                "what a schedule asks cannot be"
            );
            return Ok((None, false));
        }
    };
    let id = JobId::new(now, (parts.random)());
    let mut job = Job::new(id, handler.kind(), parameters, now);
    AuditEntry::SYSTEM.clone_into(&mut job.asked_by);
    job.schedule = Some(schedule.name.clone());
    job.once_key = Some(schedule.once_key(due));
    job.unique_key = handler.is_unique().then(|| unique_key(&job));
    job.attempts_max = attempts_max;
    match parts.store.create(job).await? {
        Created::New => Ok((Some(id), true)),
        Created::Known(id) => Ok((Some(id), false)),
    }
}
