//! The model of a disk forgets what a real one may forget, and nothing else.

use std::path::{Path, PathBuf};

use csvp_testkit::faults::{Call, Op, Target};
use csvp_testkit::power::{Cut, Disk, Schedule};

const ROOT: u64 = 1;
const FILE: u64 = 2;

/// Plays calls one after the other; each has returned before the next.
struct Player {
    disk: Disk,
    time: u64,
}

impl Player {
    fn new() -> Self {
        Self { disk: Disk::new(Path::new("/d"), ROOT), time: 0 }
    }

    fn play(mut self, op: Op) -> Self {
        self.plays(op, 0);
        self
    }

    fn fails(mut self, op: Op) -> Self {
        self.plays(op, -5);
        self
    }

    fn plays(&mut self, op: Op, result: i64) {
        self.time += 2;
        self.disk.play(&Call { op, began: self.time - 1, ended: self.time, result });
    }

    fn found(&self, cut: Cut) -> Vec<(String, String)> {
        let image = self.disk.image(cut);
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let entries = image.entries.into_iter();
        entries
            .map(|(path, bytes)| (path.display().to_string(), bytes.map_or("/".to_owned(), |it| text(&it))))
            .collect()
    }
}

fn create(name: &str) -> Op {
    Op::Create { path: path(name), inode: FILE, is_new: true, truncates: false }
}

fn write(name: &str, offset: u64, text: &str) -> Op {
    Op::Write { file: Target { path: path(name), inode: FILE }, offset, bytes: text.into() }
}

fn sync(inode: u64) -> Op {
    Op::Sync { file: Target { path: path("?"), inode } }
}

fn rename(from: &str, to: &str) -> Op {
    Op::Rename { from: path(from), to: path(to) }
}

fn path(name: &str) -> PathBuf {
    Path::new("/d").join(name)
}

fn is(found: &[(String, String)], expected: &[(&str, &str)]) {
    let found: Vec<(&str, &str)> = found.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    assert_eq!(found, expected);
}

#[test]
fn a_file_needs_a_sync_of_its_bytes_and_one_of_its_name() {
    let player = Player::new().play(create("a")).play(write("a", 0, "text"));
    is(&player.found(Cut::Nothing), &[]);
    is(&player.found(Cut::All), &[("a", "text")]);
    let bytes = Player::new().play(create("a")).play(write("a", 0, "text")).play(sync(FILE));
    is(&bytes.found(Cut::Nothing), &[]);
    let name = player.play(sync(ROOT));
    is(&name.found(Cut::Nothing), &[("a", "")]);
    let both = name.play(sync(FILE));
    is(&both.found(Cut::Nothing), &[("a", "text")]);
}

#[test]
fn the_halves_of_a_rename_are_apart() {
    let player =
        Player::new().play(create("a")).play(write("a", 0, "text")).play(Op::SyncAll).play(rename("a", "b"));
    is(&player.found(Cut::Nothing), &[("a", "text")]);
    is(&player.found(Cut::Prefix(1)), &[("a", "text"), ("b", "text")]);
    is(&player.found(Cut::Without(0)), &[]);
    is(&player.play(sync(ROOT)).found(Cut::Nothing), &[("b", "text")]);
}

#[test]
fn writes_overtake_each_other_and_are_torn() {
    let player = Player::new().play(create("a")).play(Op::SyncAll);
    let player = player.play(write("a", 0, "one ")).play(write("a", 4, "two ")).play(write("a", 8, "three"));
    is(&player.found(Cut::Overtaken(0, 2)), &[("a", "\0\0\0\0\0\0\0\0three")]);
    is(&player.found(Cut::Torn(2, 3)), &[("a", "one two thr")]);
    is(&player.found(Cut::TornTail(2, 3)), &[("a", "one two \0\0\0ee")]);
    is(&player.found(Cut::Without(1)), &[("a", "one \0\0\0\0three")]);
}

#[test]
fn what_a_failed_sync_was_about_is_lost() {
    let player = Player::new().play(create("a")).play(Op::SyncAll).play(write("a", 0, "text"));
    let player = player.fails(sync(FILE)).play(sync(FILE));
    is(&player.found(Cut::Nothing), &[("a", "")]);
    is(&player.play(write("a", 0, "again")).play(sync(FILE)).found(Cut::Nothing), &[("a", "again")]);
}

#[test]
fn a_failed_sync_of_everything_loses_the_bytes_of_all_files_but_no_names() {
    let player = Player::new().play(create("a")).play(write("a", 0, "text"));
    let player = player.fails(Op::SyncAll).play(Op::SyncAll);
    is(&player.found(Cut::Nothing), &[("a", "")]);
    // Programs still see it.
    is(&player.found(Cut::All), &[("a", "text")]);
    let written_later = player.play(write("a", 4, "later")).play(Op::SyncAll);
    is(&written_later.found(Cut::Nothing), &[("a", "\0\0\0\0later")]);
    // Its own sync would have failed, had its bytes been lost.
    is(&written_later.play(sync(FILE)).found(Cut::Nothing), &[("a", "textlater")]);
}

#[test]
fn a_schedule_is_as_long_as_wanted_and_the_same_each_time() {
    let pending = vec![30; 50];
    let cuts = |seed| -> Vec<(usize, Cut)> {
        let schedule = Schedule::new(&pending, &[10, 20], 400, seed);
        assert_eq!(schedule.len(), 402);
        (0..50)
            .flat_map(|event| schedule.after(event).map(move |cut| (event, cut)).collect::<Vec<_>>())
            .collect()
    };
    assert_eq!(cuts(1), cuts(1));
    assert_ne!(cuts(1), cuts(2));
    assert!(cuts(1).contains(&(10, Cut::Nothing)) && cuts(1).contains(&(20, Cut::Nothing)));
}
