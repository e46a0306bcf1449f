//! The suites each backend must pass. A backend's test file names a function that opens it and gets one test per
//! promise:
//!
//! ```ignore
//! csvp_store::blob_contract!(open_local);
//! csvp_store::meta_contract!(open_sqlite);
//! ```
#![expect(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "a failed promise is a panic of the test"
)]

pub mod blobs;
pub mod endings;
pub mod fsck;
pub mod jobs;
pub mod uploads;

use std::any::Any;
use std::time::Duration;

use serde_json::json;

use crate::blob::{Blobs, RunFile};
use crate::clock::Clock;
use crate::meta::Meta;
use crate::model::{
    ClaimedJob, FirstRun, IdempotencyKey, NewJob, NewUpload, Origin, Progress, RunId, RunResult, Stage,
    StoredFile, TenantId, UploadId, UploadRecord, UploadState,
};

/// Objects to be tested, empty.
pub struct BlobSetup {
    /// The objects.
    pub blobs: Blobs,
    /// Counts what unfinished writers have left where nobody looks.
    pub leftovers: Box<dyn Fn() -> usize + Send + Sync>,
    /// Dropped after the test, for example a temporary directory.
    pub keep: Box<dyn Any + Send + Sync>,
}

/// A database to be tested, empty and migrated.
pub struct MetaSetup {
    /// The database.
    pub meta: Meta,
    /// Its clock, a manual one.
    pub clock: Clock,
    /// Dropped after the test, for example a temporary directory.
    pub keep: Box<dyn Any + Send + Sync>,
}

/// How long the leases of the suites last.
pub const LEASE: Duration = Duration::from_secs(30);

/// Tests a backend of objects; the function takes the ceiling and gives a [`BlobSetup`]. `blob_contract!(open)` makes one
/// test per promise; `blob_contract!(in every_promise: start)` makes a single one, for a server that is slow to start.
#[macro_export]
macro_rules! blob_contract {
    (in $name:ident: $start:path) => {
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() {
            let server = $start().await;
            $crate::blob_contract!(@all calls server);
        }
    };
    (@all $kind:ident $open:path) => {
        $crate::blob_contract!(@$kind $open;
            bytes_come_back_whatever_the_chunks, nothing_is_visible_before_finish, dropped_writer_leaves_nothing,
            ranges_are_cut_at_the_end, missing_objects_are_named, replacing_counts_once, broken_writer_cannot_finish,
            ceiling_holds,
            deleting_a_prefix_spares_its_neighbours, threads_write_and_read, several_files_at_once,
            common_interface_sees_the_same, parallel_writers_do_not_meet, caller_who_goes_away_breaks_nothing,
            long_objects_are_read_in_any_ranges, one_key_written_by_many_is_one_of_them,
            lists_are_complete_beyond_a_thousand);
    };
    (@calls $server:path; $($case:ident),*) => {$(
        tracing::info!(promise = stringify!($case));
        $crate::contract::blobs::$case(|max_bytes| $server.open(max_bytes)).await;
    )*};
    (@tests $open:path; $($case:ident),*) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $case() {
            $crate::contract::blobs::$case(|max_bytes| async move { $open(max_bytes).await }).await;
        }
    )*};
    ($open:path) => {
        $crate::blob_contract!(@all tests $open);
    };
}

/// Tests a database; the function gives a [`MetaSetup`]. `meta_contract!(open)` makes one test per promise;
/// `meta_contract!(in every_promise: open)` makes a single one, for a server that is slow to start.
#[macro_export]
macro_rules! meta_contract {
    (in $name:ident: $start:path) => {
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() {
            let server = $start();
            $crate::meta_contract!(@all calls server);
        }
    };
    (@all $kind:ident $open:path) => {
        $crate::meta_contract!(@$kind $open, uploads;
            queued_upload_is_there_with_job_and_audit, finished_upload_is_published_at_once,
            retries_with_one_key_make_one_upload, retries_with_one_key_start_and_stop_one_run,
            no_key_keeps_an_upload_from_being_deleted, reading_goes_on_while_uploads_are_deleted,
            pages_of_long_settings_are_short, bad_neighbour_does_not_spoil_the_group, what_was_stored_long_ago_is_refused, tenants_do_not_see_each_other,
            pages_are_complete, stats_count_every_state, reprocessing_keeps_the_old_run_until_the_new_one_ends,
            deleted_upload_is_gone_for_everyone, what_was_deleted_can_be_erased_until_it_is_gone, deleting_stops_the_job, repair_removes_only_what_is_unused,
            migrating_twice_changes_nothing);
        $crate::meta_contract!(@$kind $open, jobs;
            two_claimers_never_get_the_same_job, a_job_ends_once_whoever_ends_it, tenants_take_turns, priority_then_time_decide,
            lost_lease_can_write_nothing, ended_lease_nobody_took_still_counts, job_that_kills_workers_dies,
            failed_attempts_wait_longer_then_die, released_job_is_not_counted,
            postponed_job_waits_longer_and_is_not_counted, waiting_job_is_cancelled_at_once,
            running_job_is_asked_to_stop, lost_worker_of_a_cancelled_job_ends_it, progress_is_shown_while_it_runs,
            result_must_be_final, ended_leases_free_their_jobs_at_once, thousand_jobs_do_not_starve_one,
            given_up_job_is_tried_again);
        $crate::meta_contract!(@$kind $open, endings;
            data_ends_when_its_time_has_come, a_policy_that_was_changed_ends_nothing_more,
            results_end_without_their_original, what_is_held_stays, a_wrong_clock_ends_nothing_early,
            a_policy_of_a_wrong_clock_ends_nothing_early, a_wrong_clock_that_was_trusted_ends_nothing_early,
            without_an_original_no_run_begins, erasing_leaves_ids_only);
        $crate::meta_contract!(@$kind $open, fsck;
            fsck_finds_nothing_in_a_sound_store, fsck_marks_lost_originals, fsck_marks_many_as_lost_only_when_told,
            fsck_has_missing_files_made_again,
            fsck_removes_objects_that_no_row_knows, fsck_brings_uploads_back_to_their_runs,
            fsck_settles_rows_that_contradict_each_other);
    };
    (@tests $open:path, $suite:ident; $($case:ident),*) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $case() {
            $crate::contract::$suite::$case($open().await).await;
        }
    )*};
    (@calls $server:path, $suite:ident; $($case:ident),*) => {$(
        tracing::info!(promise = stringify!($case));
        // On the heap: all promises together are too large for one stack.
        Box::pin($crate::contract::$suite::$case($server.open().await)).await;
    )*};
    ($open:path) => {
        $crate::meta_contract!(@all tests $open);
    };
}

/// An upload of the default tenant that waits for a worker.
pub fn queued(name: &str) -> NewUpload {
    NewUpload {
        id: UploadId::generate(),
        // In time, whatever the clock says.
        stored_after: i64::MAX,
        tenant: TenantId::DEFAULT,
        name: name.to_owned(),
        size_bytes: 1_000,
        sha256: "ab".repeat(32),
        media_type: Some("text/csv".to_owned()),
        key: None,
        run: RunId::generate(),
        settings: json!({ "encoding": "utf-8" }),
        first: FirstRun::Queued(NewJob::default()),
        origin: Origin::anonymous("request-1"),
    }
}

/// An upload of the default tenant that was processed inside its request.
pub fn finished(name: &str, started_at: i64, state: UploadState) -> NewUpload {
    NewUpload { first: FirstRun::Finished { started_at, result: result(state) }, ..queued(name) }
}

/// A result with two files.
pub fn result(state: UploadState) -> RunResult {
    RunResult {
        state,
        summary: Some(json!({ "records": 10, "columns": 3 })),
        error: None,
        files: vec![
            StoredFile { file: RunFile::CleanCsv, size_bytes: 900 },
            StoredFile { file: RunFile::ReportJson, size_bytes: 100 },
        ],
        progress: Progress { stage: Stage::Done, bytes_done: 1_000, bytes_total: 1_000, records: 10 },
    }
}

/// A key of the sender, for a request with this fingerprint.
pub fn key(key: &str, fingerprint: &str) -> IdempotencyKey {
    IdempotencyKey { key: key.to_owned(), fingerprint: fingerprint.to_owned() }
}

async fn create(setup: &MetaSetup, new: NewUpload) -> UploadRecord {
    setup.meta.create_upload(new).await.unwrap().into_record()
}

async fn claim(setup: &MetaSetup, worker: &str) -> ClaimedJob {
    setup.meta.claim_job(worker, LEASE).await.unwrap().unwrap()
}

async fn actions(setup: &MetaSetup, upload: UploadId) -> Vec<String> {
    let events = setup.meta.list_audit_events(TenantId::DEFAULT, 0, 1_000).await.unwrap();
    let of_upload = events.into_iter().filter(|event| event.subject == upload.to_string());
    of_upload.map(|event| format!("{} {}", event.action, event.result)).collect()
}
