//! Random servers, kills and absences of the store: every job ends in one true state, once.

use std::ops::RangeInclusive;

use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use super::*;

#[derive(Debug, Clone)]
enum Step {
    Ask(&'static str),
    Start,
    Stop(usize),
    Kill(usize),
    Away(u64),
    Wait(u64),
    Cancel(usize),
    Retry(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let script = prop_oneof![
        Just("done"),
        Just("sleep:7 mark:x sleep:7"),
        Just("hear:20"),
        Just("deaf:25"),
        Just("fail"),
        Just("first:2 fail"),
        Just("refuse"),
        Just("first:1 panic"),
    ];
    let step = prop_oneof![
        4 => script.prop_map(Step::Ask),
        2 => Just(Step::Start),
        1 => (0..9_usize).prop_map(Step::Stop),
        2 => (0..9_usize).prop_map(Step::Kill),
        1 => (1..90_u64).prop_map(Step::Away),
        4 => (0..60_u64).prop_map(Step::Wait),
        1 => (0..9_usize).prop_map(Step::Cancel),
        1 => (0..9_usize).prop_map(Step::Retry),
    ];
    proptest::collection::vec(step, 1..40)
}

async fn play(steps: Vec<Step>) {
    let world = World::with(JobsConfig {
        concurrency: 8,
        shipped: vec![schedule("often", "* * * * *")],
        ..JobsConfig::default()
    });
    let (desk, _) = crate::open(world.parts.clone(), &world.config).unwrap();
    let mut servers: Vec<Running> = Vec::new();
    // How many jobs that had ended are done again at least and at most: one may end just as it is retried.
    let (mut ended, mut retried) = (0, 0);
    let nth = |at: usize| {
        let jobs = world.store.jobs.lock();
        jobs.get(at % jobs.len().max(1)).map(|job| job.id)
    };
    for step in steps {
        match step {
            Step::Ask(script) => {
                world.ask(&desk, script).await;
            }
            Step::Start if servers.len() < 4 => servers.push(world.start()),
            Step::Start => {}
            Step::Stop(at) if !servers.is_empty() => {
                servers.swap_remove(at % servers.len()).stop().await;
            }
            Step::Kill(at) if !servers.is_empty() => {
                servers.swap_remove(at % servers.len()).kill().await;
            }
            Step::Stop(_) | Step::Kill(_) => {}
            Step::Away(secs) => {
                world.store.is_away.store(true, Ordering::Relaxed);
                sleep(Duration::from_secs(secs)).await;
                world.store.is_away.store(false, Ordering::Relaxed);
            }
            Step::Wait(secs) => sleep(Duration::from_secs(secs)).await,
            Step::Cancel(at) => {
                if let Some(id) = nth(at) {
                    let _ = desk.cancel(id).await;
                }
            }
            Step::Retry(at) => {
                let was_finished = nth(at).is_some_and(|id| {
                    let jobs = world.store.jobs.lock();
                    jobs.iter()
                        .any(|job| job.id == id && job.status.is_finished())
                });
                if let Some(id) = nth(at)
                    && desk.retry(id).await.is_ok()
                {
                    ended += u64::from(was_finished);
                    retried += 1;
                }
            }
        }
    }
    ends_whole(&world, servers, ended..=retried).await;
}

/// From now on one server is left alone: all that is unfinished ends, and each ended once.
async fn ends_whole(world: &World, servers: Vec<Running>, again: RangeInclusive<u64>) {
    for server in servers {
        server.kill().await;
    }
    let last = world.start();
    sleep(Duration::from_secs(500)).await;
    last.service.pause_schedule("often", true).await.unwrap();
    sleep(Duration::from_secs(200)).await;
    last.stop().await;
    let jobs = world.store.jobs.lock().clone();
    for job in &jobs {
        assert!(job.status.is_finished(), "{job:?}");
        assert!(job.attempts <= job.attempts_max, "{job:?}");
        assert_eq!(job.finished_at.is_some(), job.lease_until.is_none());
    }
    let endings = world.store.endings.load(Ordering::Relaxed);
    let more = endings.checked_sub(jobs.len() as u64);
    assert!(
        more.is_some_and(|more| again.contains(&more)),
        "each ended once, and once more if retried: {endings} of {}, {again:?}",
        jobs.len()
    );
    let mut keys: Vec<_> = jobs.iter().filter_map(|job| job.once_key.clone()).collect();
    let before = keys.len();
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), before, "a time made two jobs");
}

#[test]
fn whatever_happens_every_job_ends_once() {
    let mut runner = TestRunner::new(ProptestConfig {
        cases: 32,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    let quiet = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        // The scripts panic as they are told; what the test itself finds is shown.
        if info.payload_as_str() != Some("as it was told") {
            quiet(info);
        }
    }));
    let outcome = runner.run(&steps(), |steps| {
        in_virtual_time(play(steps));
        Ok(())
    });
    outcome.unwrap();
}
