//! Parcels that are lost, come twice, or are of another job: each is an error that names the task and the part.

use std::cell::Cell;

use custometer_runner::RunError;
use custometer_runner::stages::{Job, Parcel, Sizes, Spec, Stage};
use custometer_testkit::{Case, shuffled};

const CONFIG: &str = "[report]\nas_of = 2025-03-01\n[tables.t]\npath = \"t.csv\"\n[[metrics]]\nmetric = \"web.visitors\"\ntable = \"t\"\nby = [[], [\"device\"]]\n\
    [[metrics]]\nmetric = \"web.sessions\"\ntable = \"t\"\n";

/// Cuts the rows into several tasks and parts.
const SEED: u64 = 17;

fn case() -> Case {
    let rows = (0..300).fold("user_id,time,event,device\n".to_owned(), |text, row| {
        text + &format!("u{},2025-01-{:02} {:02}:00:00,page_view,{}\n", row % 41, 1 + row % 28, row % 24, ["phone", "desk"][row % 2])
    });
    Case::new().file("t.csv", rows)
}

/// What a run says whose parcels to a stage, or to the driver, are spoiled.
fn said(stage: Option<Stage>, spoil: impl Fn(&mut Vec<Parcel>)) -> String {
    let case = case();
    let report = case.load(CONFIG).unwrap();
    let spoiled = Cell::new(0);
    let mut spoil = |at: Option<Stage>, mut parcels: Vec<Parcel>| {
        if at == stage {
            spoil(&mut parcels);
            spoiled.set(spoiled.get() + 1);
        }
        parcels
    };
    let ended = shuffled(&report, case.path(), SEED, &mut spoil).and_then(|shuffled| shuffled.job.finish(&shuffled.parcels));
    assert_eq!(spoiled.get(), 1);
    match ended {
        Err(RunError::Parcels(said)) => said,
        Err(other) => panic!("another error: {other}"),
        Ok(_) => panic!("nothing was noticed"),
    }
}

/// The first parcel for a stage.
fn first(parcels: &[Parcel], stage: Stage) -> usize {
    parcels.iter().position(|parcel| parcel.stage() == stage.number()).unwrap()
}

fn names(said: &str, parts: &[&str]) {
    assert!(parts.iter().all(|part| said.contains(part)), "{said}");
}

#[test]
fn a_parcel_that_is_lost_is_noticed() {
    for (stage, name) in [(Stage::Derive, "stage that derives"), (Stage::Unite, "stage that unites")] {
        let said = said(Some(stage), |parcels| drop(parcels.remove(first(parcels, stage))));
        names(&said, &["scan", "sent part", name, "which got", "parcels were lost or came twice"]);
    }
}

#[test]
fn a_parcel_that_comes_twice_is_noticed() {
    for stage in Stage::ALL {
        let said = said(Some(stage), |parcels| parcels.push(parcels[first(parcels, stage)].clone()));
        names(&said, &["sent part", "which got", "parcels were lost or came twice"]);
    }
}

#[test]
fn a_parcel_in_the_place_of_another_is_noticed() {
    // As many parcels with as many rows, but one of them twice.
    let said = said(None, |parcels| {
        let is_like = |one: &Parcel, other: &Parcel| (one.from, one.rows) == (other.from, other.rows) && one.seq != other.seq;
        let other = |one: &Parcel| parcels.iter().position(|other| is_like(one, other));
        let (one, other) = parcels.iter().enumerate().find_map(|(at, one)| Some((at, other(one)?))).unwrap();
        parcels[other] = parcels[one].clone();
    });
    names(&said, &["sent", "but not the same ones"]);
}

#[test]
fn a_parcel_that_goes_elsewhere_is_noticed() {
    for stage in Stage::ALL {
        let said = said(Some(stage), |parcels| {
            let at = first(parcels, stage);
            parcels[at].to ^= 1;
        });
        names(&said, &["parcel", "to part", "is damaged"]);
    }
}

#[test]
fn damage_is_noticed_wherever_it_is() {
    for at in [0, 16, 20, 60, 400] {
        let said = said(Some(Stage::Derive), |parcels| {
            let parcel = first(parcels, Stage::Derive);
            let at = at.min(parcels[parcel].payload.len() - 1);
            parcels[parcel].payload[at] ^= 0x40;
        });
        names(&said, &["parcel", "from scan", "is damaged"]);
    }
    let said = said(None, |parcels| parcels[0].payload.truncate(7));
    names(&said, &["to the driver is damaged"]);
}

#[test]
fn a_part_that_is_lost_or_done_twice_is_noticed() {
    let part = |parcels: &[Parcel]| parcels.iter().find(|parcel| parcel.from >> 32 == Stage::Unite.number()).unwrap().from;
    let lost = said(None, |parcels| {
        let lost = part(parcels);
        parcels.retain(|parcel| parcel.from != lost);
    });
    names(&lost, &["sent part", "of the stage that unites", "which got 0 parcels"]);
    let twice = said(None, |parcels| {
        let twice = part(parcels);
        let again: Vec<Parcel> = parcels.iter().filter(|parcel| parcel.from == twice).cloned().collect();
        parcels.extend(again);
    });
    names(&twice, &["part", "of the stage that unites came 2 times"]);
}

#[test]
fn a_scan_that_is_lost_or_done_twice_is_noticed() {
    let lost = said(Some(Stage::Derive), |parcels| parcels.retain(|parcel| parcel.from != 1));
    names(&lost, &["scan 1 of", "is missing"]);
    let twice = said(Some(Stage::Derive), |parcels| {
        let again: Vec<Parcel> = parcels.iter().filter(|parcel| parcel.from == 1).cloned().collect();
        parcels.extend(again);
    });
    names(&twice, &["scan 1 came 2 times"]);
}

#[test]
fn what_comes_to_the_driver_is_counted() {
    let is_no_account = |parcel: &&Parcel| parcel.from == 0 && parcel.seq == 0;
    let lost = said(None, |parcels| {
        let at = parcels.iter().position(|parcel| is_no_account(&parcel)).unwrap();
        parcels.remove(at);
    });
    names(&lost, &["scan 0 sent the driver", "which got"]);
    let twice = said(None, |parcels| {
        let again = parcels.iter().find(is_no_account).unwrap().clone();
        parcels.push(again);
    });
    names(&twice, &["scan 0 sent the driver", "which got"]);
}

#[test]
fn a_stage_that_is_left_out_is_noticed() {
    let case = case();
    let report = case.load(CONFIG).unwrap();
    let spec = Spec::of(&report, case.path(), Sizes { rows: 100, parts: 3 }).unwrap();
    let job = Job::new(&report, case.path(), spec).unwrap();
    let parcels: Vec<Parcel> = (0..job.tasks()).flat_map(|task| job.scan(task).unwrap()).collect();
    let said = job.finish(&parcels).unwrap_err().to_string();
    names(&said, &["is left that is for part", "that stage was left out"]);
}

#[test]
fn machines_with_another_config_or_file_are_refused() {
    let case = case();
    let spec = Spec::of(&case.load(CONFIG).unwrap(), case.path(), Sizes { rows: 100, parts: 3 }).unwrap();
    let other = CONFIG.replace("by = [[], [\"device\"]]", "by = [[\"device\"]]");
    let worker = Job::new(&case.load(&other).unwrap(), case.path(), spec.clone()).unwrap();
    let driver = Job::new(&case.load(CONFIG).unwrap(), case.path(), spec.clone()).unwrap();
    let parcels = worker.scan(0).unwrap();
    let said = driver.step(Stage::Derive, parcels).unwrap_err().to_string();
    names(&said, &["from scan 0", "is of another job"]);
    assert!(Spec::from_bytes(&spec.to_bytes().unwrap()[3..]).unwrap_err().to_string().contains("same version"));
    let said = driver.scan(99).unwrap_err().to_string();
    names(&said, &["there is no scan 99"]);
}
