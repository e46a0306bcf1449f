//! Every target for a moment: all inputs that are known, and some changes of them that are the same in every run.

use csvp_fuzz::seeds::{Mutations, seeds};
use csvp_fuzz::{TARGETS, Target};

/// Changed inputs for each target.
const CHANGED: u64 = 1_500;

fn run(name: &str) {
    let target: &Target =
        TARGETS.iter().find(|target| target.name == name).expect("the target is in the list");
    let inputs = seeds(name).expect("the corpus can be read");
    assert!(inputs.len() > 100, "{} inputs", inputs.len());
    inputs.iter().for_each(|input| run_one(target, input));
    let mut mutations = Mutations::new(1);
    for _ in 0..CHANGED {
        run_one(target, &mutations.next(&inputs));
    }
}

/// Says which input it was, so that it can become a seed.
fn run_one(target: &Target, input: &[u8]) {
    if let Err(fault) = std::panic::catch_unwind(|| (target.run)(input)) {
        let text = fault.downcast_ref::<String>().map_or("a panic", String::as_str).to_owned();
        panic!("{} fails on b\"{}\": {text}", target.name, input.escape_ascii());
    }
}

macro_rules! targets {
    ($($name:ident),*) => {
        $(#[test]
        fn $name() {
            run(stringify!($name));
        })*

        #[test]
        fn no_target_is_forgotten() {
            let tested = [$(stringify!($name)),*];
            assert_eq!(TARGETS.iter().map(|target| target.name).collect::<Vec<_>>(), tested);
        }
    };
}

targets!(scan, parse, decode, source, detect, numbers, dates, types, check, table_schema);
