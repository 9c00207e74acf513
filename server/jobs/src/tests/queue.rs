//! What becomes of one job, whatever happens to its server.

use super::*;
use tocsin_domain::ports::JobDeskError;

#[test]
fn a_job_is_done_at_once_and_once() {
    in_virtual_time(async {
        let world = World::new();
        let (one, two) = (world.start(), world.start());
        world.ask(&one.service, "progress:7 sleep:100").await;
        let job = world.until(JobStatus::Running, 1).await;
        assert!(job.worker.unwrap().starts_with("here/"));
        let job = world.until(JobStatus::Succeeded, 101).await;
        assert_eq!(world.runs(), ["1"]);
        assert_eq!((job.progress.done, job.progress.total), (7, Some(10)));
        assert_eq!(job.progress.note.len(), Progress::NOTE_BYTES_MAX);
        // Claimed, renewed every ten seconds, ended: not written each second.
        let writes = world.store.writes.load(Ordering::Relaxed);
        assert!((10..=16).contains(&writes), "{writes}");
        assert_eq!(
            one.service.telemetry().attempts().len() + two.service.telemetry().attempts().len(),
            1
        );
        one.stop().await;
        two.stop().await;
    });
}

#[test]
fn a_job_is_left_to_a_server_that_does_its_kind() {
    in_virtual_time(async {
        let world = World::new();
        let other = world.start_for(|kind| kind != "scripted");
        world.ask(&other.service, "sleep:1").await;
        sleep(Duration::from_secs(60)).await;
        assert_eq!(world.store.only().status, JobStatus::Queued);
        let one = world.start_for(|kind| kind == "scripted");
        world.until(JobStatus::Succeeded, 10).await;
        assert_eq!(one.service.telemetry().attempts().len(), 1);
        one.stop().await;
        other.stop().await;
    });
}

#[test]
fn what_fails_is_tried_again_later_and_then_given_up() {
    in_virtual_time(async {
        let world = World::new();
        let server = world.start();
        let asked = world.ask(&server.service, "fail").await;
        let job = world.until(JobStatus::Dead, 400).await;
        assert_eq!(world.runs(), ["1", "2", "3", "4", "5"]);
        assert_eq!(job.error.as_deref(), Some("not now"));
        // 5 to 10, 10 to 20, 20 to 40 and 40 to 80 seconds.
        let took = (job.finished_at.unwrap().0 - job.created_at.0) / 1_000_000_000;
        assert!((75..=160).contains(&took), "{took}");
        server.service.retry(asked.id).await.unwrap();
        assert_eq!(world.store.only().status, JobStatus::Queued);
        world.until(JobStatus::Dead, 400).await;
        assert_eq!(world.runs().len(), 10);
        server.service.discard(asked.id).await.unwrap();
        assert!(world.store.jobs.lock().is_empty());
        server.stop().await;
    });
}

#[test]
fn what_cannot_be_is_not_tried_again_and_a_panic_is_a_failure() {
    in_virtual_time(async {
        let world = World::new();
        let server = world.start();
        world.ask(&server.service, "refuse").await;
        let job = world.until(JobStatus::Failed, 2).await;
        assert_eq!((job.attempts, job.error.as_deref()), (1, Some("never")));
        world.store.jobs.lock().clear();
        world.ask(&server.service, "first:1 panic").await;
        let job = world.until(JobStatus::Succeeded, 20).await;
        assert_eq!((job.attempts, job.error), (2, None));
        server.stop().await;
    });
}

#[test]
fn another_server_goes_on_where_a_killed_one_was() {
    in_virtual_time(async {
        let world = World::new();
        let one = world.start();
        world
            .ask(&one.service, "unless:half mark:half sleep:1000")
            .await;
        world.until(JobStatus::Running, 1).await;
        sleep(Duration::from_secs(3)).await;
        let two = world.start();
        one.kill().await;
        let job = world.until(JobStatus::Succeeded, 32).await;
        assert_eq!(world.runs(), ["1", "2half"]);
        assert_eq!((job.attempts, job.checkpoint), (2, None));
        two.stop().await;
    });
}

#[test]
fn a_shutdown_puts_back_what_does_not_end_and_counts_no_attempt() {
    in_virtual_time(async {
        let world = World::new();
        let one = world.start();
        world
            .ask(&one.service, "unless:half mark:half hear:1000")
            .await;
        world.until(JobStatus::Running, 1).await;
        let begun = Instant::now();
        one.stop().await;
        assert!(begun.elapsed() < Duration::from_secs(1), "it hears");
        let job = world.store.only();
        assert_eq!((job.status, job.attempts), (JobStatus::Queued, 0));
        let two = world.start();
        world.until(JobStatus::Succeeded, 2).await;
        assert_eq!(world.runs(), ["1", "1half"]);
        // One that does not hear is dropped when its time is over; one that ends within it has ended.
        world.store.jobs.lock().clear();
        world.ask(&two.service, "deaf:1000").await;
        world.until(JobStatus::Running, 1).await;
        let begun = Instant::now();
        two.stop().await;
        let took = begun.elapsed().as_secs();
        assert!((9..=11).contains(&took), "{took}");
        assert_eq!(world.store.only().status, JobStatus::Queued);
        let three = world.start();
        world.store.jobs.lock()[0].parameters = r#"{"script":"deaf:5"}"#.into();
        world.until(JobStatus::Running, 2).await;
        three.stop().await;
        assert_eq!(world.store.only().status, JobStatus::Succeeded);
    });
}

#[test]
fn a_job_is_called_off_wherever_it_is() {
    in_virtual_time(async {
        let world = World::new();
        let (one, two) = (world.start(), world.start());
        for (script, within) in [("hear:1000", 3), ("deaf:1000", 13)] {
            let asked = world.ask(&one.service, script).await;
            world.until(JobStatus::Running, 1).await;
            // Whoever does it: it is the other one's desk, half of the time.
            two.service.cancel(asked.id).await.unwrap();
            world.until(JobStatus::Cancelled, within).await;
            let again = two.service.cancel(asked.id).await;
            assert!(matches!(again, Err(JobDeskError::Conflict(_))), "{again:?}");
            world.store.jobs.lock().clear();
        }
        // One that waits for its next attempt ends at once, and one whose server died as well.
        let asked = world.ask(&one.service, "fail").await;
        world.until(JobStatus::Queued, 2).await;
        one.service.cancel(asked.id).await.unwrap();
        assert_eq!(world.store.only().status, JobStatus::Cancelled);
        world.store.jobs.lock().clear();
        let asked = world.ask(&one.service, "deaf:1000").await;
        world.until(JobStatus::Running, 1).await;
        one.kill().await;
        two.kill().await;
        let three = world.start();
        three.service.cancel(asked.id).await.unwrap();
        world.until(JobStatus::Cancelled, 32).await;
        assert_eq!(world.runs().last().map(String::as_str), Some("1"));
        three.stop().await;
    });
}

#[test]
fn equal_jobs_are_one_and_too_many_are_refused() {
    in_virtual_time(async {
        let world = World::with(JobsConfig {
            waiting_max: 3,
            ..JobsConfig::default()
        });
        let (service, _) = crate::open(world.parts.clone(), &world.config).unwrap();
        let first = world.ask(&service, "a").await;
        assert_eq!(world.ask(&service, "a").await.id, first.id);
        world.ask(&service, "b").await;
        world.ask(&service, "c").await;
        let request = |kind: &str, parameters: &str| JobRequest {
            id: JobId(99),
            kind: kind.into(),
            parameters: parameters.into(),
            asked_by: "ana".into(),
        };
        let full = service.ask(request("scripted", r#"{"script":"d"}"#)).await;
        assert!(matches!(full, Err(JobDeskError::Full(_))), "{full:?}");
        let wrong = service.ask(request("scripted", "nonsense")).await;
        assert!(matches!(wrong, Err(JobDeskError::Invalid(_))), "{wrong:?}");
        let unknown = service.ask(request("coffee", "{}")).await;
        let error = unknown.unwrap_err().to_string();
        assert!(
            error.contains("scripted") && error.contains("coffee"),
            "{error}"
        );
        let unfinished = service.discard(first.id).await;
        assert!(matches!(unfinished, Err(JobDeskError::Conflict(_))));
        let missing = service.cancel(JobId(77)).await;
        assert!(matches!(missing, Err(JobDeskError::NotFound(_))));
    });
}

#[test]
fn an_hour_without_the_store_is_got_over() {
    in_virtual_time(async {
        let world = World::new();
        let server = world.start();
        let away = &world.store.is_away;
        world.ask(&server.service, "first:1 sleep:60").await;
        world.until(JobStatus::Running, 1).await;
        away.store(true, Ordering::Relaxed);
        sleep(Duration::from_secs(3600)).await;
        away.store(false, Ordering::Relaxed);
        // What was done meanwhile could not be kept, since another may have had it: it is done again.
        let job = world.until(JobStatus::Succeeded, 10).await;
        assert_eq!(
            (world.runs(), job.attempts),
            (vec!["1".into(), "2".into()], 2)
        );
        // A short while is got over without that.
        world.store.jobs.lock().clear();
        world.ask(&server.service, "sleep:10").await;
        world.until(JobStatus::Running, 1).await;
        away.store(true, Ordering::Relaxed);
        sleep(Duration::from_secs(15)).await;
        away.store(false, Ordering::Relaxed);
        let job = world.until(JobStatus::Succeeded, 10).await;
        assert_eq!(job.attempts, 1);
        server.stop().await;
    });
}

#[test]
fn no_more_than_its_share_is_done_at_a_time() {
    in_virtual_time(async {
        let world = World::new();
        let server = world.start();
        for number in 0..6 {
            world
                .ask(&server.service, &format!("sleep:10 {number}"))
                .await;
        }
        let (mut most, begun) = (0, Instant::now());
        loop {
            let jobs = world.store.jobs.lock().clone();
            let of = |status| jobs.iter().filter(|job| job.status == status).count();
            most = most.max(of(JobStatus::Running));
            if of(JobStatus::Succeeded) == 6 {
                break;
            }
            sleep(Duration::from_millis(50)).await;
        }
        assert_eq!(most, 2);
        let took = begun.elapsed().as_secs();
        assert!(
            (30..=32).contains(&took),
            "{took}: the next begins when one ends"
        );
        server.stop().await;
    });
}
