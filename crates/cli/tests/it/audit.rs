//! I7, which is in the database only: each acknowledged change has exactly one audit event.

use std::collections::HashMap;
use std::path::Path;

use csvp_store::{Clock, Meta, MetaOptions, TenantId};
use csvp_testkit::stand::Ledger;

/// More than a test makes of one action for one upload: each has at most one run of a job.
const MOST_RUNS: usize = 1;
const PAGE: u64 = 1_000;

/// Looks into the database of a service that has ended: SQLite in its data directory, or the one of this address.
pub(crate) fn check(ledger: &Ledger, data: &Path, database: Option<&str>) {
    let events = events(data, database);
    let (kept, deleted) = ledger.ids();
    let count =
        |action: &str, id: &str| events.get(&(action.to_owned(), id.to_owned())).copied().unwrap_or(0);
    for id in kept.keys().chain(&deleted) {
        assert_eq!(count("upload.create", id), 1, "I7: {id} was made");
    }
    for id in &deleted {
        assert_eq!(count("upload.delete", id), 1, "I7: {id} was deleted");
    }
    for ((action, id), count) in &events {
        if action == "upload.process" {
            assert!(*count <= MOST_RUNS, "I7: the job of {id} has ended {count} times");
        } else if action == "upload.create" || action == "upload.delete" {
            assert_eq!(*count, 1, "I7: {action} of {id}");
        }
    }
}

/// How often each action was done to each subject.
fn events(data: &Path, database: Option<&str>) -> HashMap<(String, String), usize> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let options = match database {
            None => MetaOptions::sqlite_file(data.join("csvp.sqlite")),
            Some(url) => MetaOptions::postgres(url),
        };
        let meta = Meta::open(&options, Clock::system()).await.expect("the database opens");
        let (mut events, mut after) = (HashMap::new(), 0);
        loop {
            let page = meta.list_audit_events(TenantId::DEFAULT, after, PAGE).await;
            let page = page.expect("events can be read");
            let Some(last) = page.last() else { break };
            after = last.seq;
            for event in page {
                *events.entry((event.action, event.subject)).or_default() += 1;
            }
        }
        // Everything was read.
        let _ = meta.close().await;
        events
    })
}
