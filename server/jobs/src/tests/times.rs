//! Schedules: each time makes one job, whatever the number of servers and whatever happens to them.

use super::*;

fn dues(world: &World) -> Vec<i64> {
    let jobs = world.store.jobs.lock();
    let key = |job: &Job| job.once_key.clone().unwrap();
    let of = |key: String| key.split('@').nth(1).unwrap().parse::<i64>().unwrap();
    let mut dues: Vec<_> = jobs.iter().map(key).map(of).collect();
    dues.sort_unstable();
    dues
}

fn world(cron: &str) -> World {
    World::with(JobsConfig {
        shipped: vec![schedule("often", cron)],
        ..JobsConfig::default()
    })
}

#[test]
fn each_time_makes_one_job_whatever_the_number_of_servers() {
    in_virtual_time(async {
        let world = world("*/5 * * * *");
        let servers = [world.start(), world.start(), world.start()];
        sleep(Duration::from_secs(3600 + 30)).await;
        let expected: Vec<i64> = (1..=12).map(|n| (BEGIN_SECS + n * 300) * 1000).collect();
        assert_eq!(dues(&world), expected);
        let jobs = world.store.jobs.lock().clone();
        assert!(jobs.iter().all(|job| job.status == JobStatus::Succeeded));
        assert_eq!(world.runs().len(), 12);
        for server in servers {
            server.stop().await;
        }
    });
}

#[test]
fn times_that_were_missed_make_one_job_together() {
    in_virtual_time(async {
        let world = world("0 * * * *");
        let one = world.start();
        sleep(Duration::from_secs(60)).await;
        one.kill().await;
        sleep(Duration::from_secs(5 * 3600)).await;
        let two = world.start();
        sleep(Duration::from_secs(60)).await;
        assert_eq!(dues(&world), [(BEGIN_SECS + 5 * 3600) * 1000]);
        two.stop().await;
    });
}

#[test]
fn people_pause_schedules_and_have_them_run() {
    in_virtual_time(async {
        let world = world("0 * * * *");
        let server = world.start();
        sleep(Duration::from_secs(1)).await;
        let desk = &server.service;
        let paused = desk.pause_schedule("often", true).await.unwrap();
        assert_eq!(paused.next_due, None);
        sleep(Duration::from_secs(4 * 3600)).await;
        assert!(world.store.jobs.lock().is_empty());
        let job = desk.run_schedule("often", JobId(7), "ana").await.unwrap();
        assert_eq!(
            (job.schedule.as_deref(), job.asked_by.as_str()),
            (Some("often"), "ana")
        );
        world.until(JobStatus::Succeeded, 2).await;
        world.store.jobs.lock().clear();
        let resumed = desk.pause_schedule("often", false).await.unwrap();
        let next = Timestamp::from_secs(BEGIN_SECS + 5 * 3600);
        assert_eq!(resumed.next_due, Some(next), "not what passed meanwhile");
        sleep(Duration::from_secs(60)).await;
        assert!(world.store.jobs.lock().is_empty());
        let none = desk.run_schedule("never", JobId(8), "ana").await;
        assert!(none.is_err());
        server.stop().await;
    });
}

#[test]
fn what_is_configured_is_what_is_kept() {
    in_virtual_time(async {
        let mut world = world("0 * * * *");
        let server = world.start();
        sleep(Duration::from_secs(1)).await;
        server.service.pause_schedule("often", true).await.unwrap();
        server.stop().await;
        world.config.schedules = vec![
            ScheduleConfig {
                name: "often".into(),
                cron: "30 * * * *".into(),
                ..ScheduleConfig::default()
            },
            schedule("more", "0 0 * * 1"),
        ];
        let server = world.start();
        sleep(Duration::from_secs(1)).await;
        let all = server.service.schedules().await.unwrap();
        let all: Vec<_> = all.iter().map(|one| &one.schedule).collect();
        assert_eq!(all.len(), 2);
        assert!(all[0].cron == "30 * * * *" && all[0].is_paused && all[0].kind == "scripted");
        server.stop().await;
        world.config.schedules.remove(1);
        world.config.schedules[0].cron = "off".into();
        let server = world.start();
        sleep(Duration::from_secs(1)).await;
        assert!(server.service.schedules().await.unwrap().is_empty());
        server.stop().await;
    });
}

#[test]
fn a_configuration_that_cannot_be_names_its_key() {
    in_virtual_time(async {
        let world = World::new();
        let wrong = |change: &dyn Fn(&mut JobsConfig)| {
            let mut config = JobsConfig::default();
            change(&mut config);
            crate::open(world.parts.clone(), &config).err().unwrap()
        };
        let one = |cron: &str, kind: &str| ScheduleConfig {
            kind: kind.into(),
            ..schedule("x", cron)
        };
        for (error, says) in [
            (wrong(&|c| c.concurrency = 0), "jobs.concurrency"),
            (wrong(&|c| c.lease_secs = 1), "jobs.lease_secs"),
            (
                wrong(&|c| c.schedules = vec![one("daily", "scripted")]),
                "five fields",
            ),
            (
                wrong(&|c| c.schedules = vec![one("* * * * *", "coffee")]),
                "coffee",
            ),
            (
                wrong(&|c| c.schedules = vec![schedule("a b", "* * * * *")]),
                "a name",
            ),
            (
                wrong(&|c| c.schedules = vec![ScheduleConfig::default()]),
                "a name",
            ),
        ] {
            assert!(error.contains(says), "{error}");
        }
    });
}
