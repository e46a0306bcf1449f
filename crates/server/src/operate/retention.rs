//! `csvp retention`: how long data is kept, what is due, and ending that.

use std::fmt::Write as _;

use csvp_store::{
    Chain, Due, Ended, Ending, Origin, PolicyRecord, RetentionPolicy, StoreError, Sum, TenantId, UploadId,
};
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::{OperateError, Operator};
use crate::api::Timestamp;

/// Uploads read at once.
const PAGE: u64 = 1_000;
/// Failures that are told with their reason, of all that there are.
const FAILURES_NAMED: usize = 10;

/// The policy, and the time it is judged by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RetentionState {
    /// Days for originals; none keeps them.
    pub keep_original_days: Option<u32>,
    /// Days for results; none keeps them.
    pub keep_results_days: Option<u32>,
    /// When it was set.
    pub set_at: Timestamp,
    /// The time that is known to have come.
    pub known_time: Timestamp,
    /// What the clock says.
    pub clock: Timestamp,
}

impl RetentionState {
    /// Whether known time and clock differ by more than an hour: a person should look at the clock.
    pub fn is_apart(&self) -> bool {
        self.known_time.0.abs_diff(self.clock.0) > 3_600_000_000
    }
}

/// What is due, and what of it would go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RetentionPlan {
    /// The policy it is made of.
    pub policy: RetentionState,
    /// Uploads of which something goes.
    pub uploads: u64,
    /// Bytes that are freed.
    pub bytes: u64,
    /// Uploads that are due and held.
    pub held: u64,
    /// Uploads that are due and wait for the end of a run.
    pub busy: u64,
    /// Names exactly this plan: `csvp retention run --plan` does it as long as it is still the same.
    pub token: String,
    /// What goes, the oldest first; with what is held and busy.
    pub items: Vec<PlannedEnding>,
    #[serde(skip)]
    judged: PolicyRecord,
}

/// What becomes of one upload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlannedEnding {
    /// The upload.
    pub upload: Uuid,
    /// Its file name.
    pub name: String,
    /// When it came.
    pub created_at: Timestamp,
    /// Since when it is due.
    pub due_since: Timestamp,
    /// What of it: `original`, `results` or `upload`.
    pub ends: &'static str,
    /// Bytes that are freed.
    pub bytes: u64,
    /// Why, in words.
    pub why: String,
    /// `goes`, `held` or `busy`.
    pub fate: &'static str,
    #[serde(skip)]
    ending: Option<Ending>,
}

/// What a run of retention has done.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct RetentionDone {
    /// Uploads of which something went.
    pub ended: u64,
    /// Bytes of them, as the rows had it.
    pub bytes: u64,
    /// Uploads that were held meanwhile.
    pub held: u64,
    /// Uploads on which a run has begun meanwhile.
    pub busy: u64,
    /// Uploads that had gone meanwhile.
    pub gone: u64,
    /// Uploads whose time had not come by the clock, which was put back meanwhile.
    pub not_yet: u64,
    /// Uploads of which nothing could be ended. The next run tries them again.
    pub failed: u64,
    /// Why, of the first few.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub failures: Vec<String>,
    /// Whether it stopped because the policy was cleared or set anew meanwhile: what is left of the plan stays.
    pub policy_changed: bool,
    /// Whether bytes are left for the service, which removes them within a minute.
    pub left_to_service: bool,
}

impl RetentionDone {
    /// Takes down what became of one upload. That it fails does not keep the others, unless each would wait as long.
    fn add(
        &mut self,
        upload: UploadId,
        ended: Result<Ended, StoreError>,
        bytes: u64,
    ) -> Result<(), StoreError> {
        match ended {
            Err(error) if error.is_away() => return Err(error),
            Err(error) => {
                self.failed += 1;
                if self.failures.len() < FAILURES_NAMED {
                    self.failures.push(format!("upload `{upload}`: {}", Chain(&error)));
                }
            }
            Ok(ended) => self.count(ended, bytes),
        }
        Ok(())
    }

    fn count(&mut self, ended: Ended, bytes: u64) {
        match ended {
            Ended::Done => {
                self.ended += 1;
                self.bytes += bytes;
            }
            Ended::Held(_) => self.held += 1,
            Ended::Busy => self.busy += 1,
            Ended::Gone => self.gone += 1,
            Ended::NotYet => self.not_yet += 1,
            Ended::PolicyChanged => self.policy_changed = true,
        }
    }
}

impl Operator {
    /// The policy, if there is one.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn retention(&self) -> Result<Option<RetentionState>, OperateError> {
        match self.meta().retention(self.tenant()).await? {
            Some(record) => Ok(Some(self.state(&record).await?)),
            None => Ok(None),
        }
    }

    /// Sets the policy; nothing is removed by that. For the first one the time of the clock counts as known from here on; a
    /// later one keeps the known time.
    ///
    /// # Errors
    /// Nothing is to be ended, or the database does not answer.
    pub async fn set_retention(
        &self,
        keep_original_days: Option<u32>,
        keep_results_days: Option<u32>,
    ) -> Result<(), OperateError> {
        if keep_original_days.is_none() && keep_results_days.is_none() {
            return Err(OperateError::refused(
                "expected a number of days for originals, for results, or for both",
                "`csvp retention clear` keeps everything",
            ));
        }
        let policy = RetentionPolicy { keep_original_days, keep_results_days };
        Ok(self.meta().set_retention(self.tenant(), policy, &self.origin()).await?)
    }

    /// Takes the policy away.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn clear_retention(&self) -> Result<(), OperateError> {
        Ok(self.meta().clear_retention(self.tenant(), &self.origin()).await?)
    }

    /// Says that the clock is right: what is due is judged by it from here on, and what was said of a wrong one is taken back.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn trust_clock(&self) -> Result<(), OperateError> {
        Ok(self.meta().trust_clock(self.tenant(), &self.origin()).await?)
    }

    /// What is due now, or what would be if the clock were trusted. Changes nothing.
    ///
    /// # Errors
    /// There is no policy.
    pub async fn plan_retention(&self, trust_clock: bool) -> Result<RetentionPlan, OperateError> {
        let (meta, tenant) = (self.meta(), self.tenant());
        let mut record = meta.retention(tenant).await?.ok_or_else(|| {
            OperateError::refused(
                "there is no policy, so everything is kept",
                "`csvp retention set --keep-original-days 90` makes one",
            )
        })?;
        let clock = meta.now().await?;
        if trust_clock {
            record.known_time = clock;
        }
        let judged = PolicyRecord { known_time: record.time(clock), ..record };
        let mut items = Vec::new();
        let mut after = None;
        loop {
            let page = meta.list_due(tenant, judged.policy, judged.known_time, after, PAGE).await?;
            let Some(last) = page.last() else { break };
            after = Some((last.created_at, last.upload));
            items.extend(page.into_iter().map(|due| planned(due, record.policy)));
        }
        let fate = |fate: &str| items.iter().filter(|item| item.fate == fate).count() as u64;
        let goes = || items.iter().filter(|item| item.fate == "goes");
        Ok(RetentionPlan {
            policy: self.state(&record).await?,
            uploads: fate("goes"),
            bytes: goes().map(|item| item.bytes).sum(),
            held: fate("held"),
            busy: fate("busy"),
            token: token(goes()),
            items,
            judged,
        })
    }

    /// Does what a plan says, and nothing else. What was held, deleted or begun since then stays as it is, and so does all
    /// the rest once the policy is another one. The bytes go with [`Operator::remove_what_ended`].
    ///
    /// # Errors
    /// When database or objects do not answer; what was done until then stays done.
    pub async fn run_retention(&self, plan: &RetentionPlan) -> Result<RetentionDone, OperateError> {
        let mut done = RetentionDone { left_to_service: !self.owns_objects(), ..RetentionDone::default() };
        for item in &plan.items {
            let Some(ending) = item.ending else { continue };
            let (meta, id) = (self.meta(), UploadId::from_uuid(item.upload));
            let ended = meta.end_by_policy(self.tenant(), &plan.judged, id, ending, &self.origin()).await;
            done.add(id, ended, item.bytes)?;
            if done.policy_changed {
                break;
            }
        }
        Ok(done)
    }

    async fn state(&self, record: &PolicyRecord) -> Result<RetentionState, OperateError> {
        Ok(RetentionState {
            keep_original_days: record.policy.keep_original_days,
            keep_results_days: record.policy.keep_results_days,
            set_at: Timestamp(record.set_at),
            known_time: Timestamp(record.known_time),
            clock: Timestamp(self.meta().now().await?),
        })
    }
}

/// What the service does once an hour: the same plan, without asking. It stops when the policy is another one than that.
pub(crate) async fn run_due(
    meta: &csvp_store::Meta,
    tenant: TenantId,
    record: &PolicyRecord,
) -> Result<RetentionDone, StoreError> {
    let record = &PolicyRecord { known_time: record.time(meta.now().await?), ..*record };
    let mut done = RetentionDone::default();
    let mut after = None;
    let origin = Origin { actor: "retention".to_owned(), request_id: None };
    loop {
        let page = meta.list_due(tenant, record.policy, record.known_time, after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(done) };
        after = Some((last.created_at, last.upload));
        done.held += page.iter().filter(|due| !due.holds.is_empty()).count() as u64;
        for due in page.iter().filter(|due| due.holds.is_empty()) {
            let ended = meta.end_by_policy(tenant, record, due.upload, due.ending, &origin).await;
            done.add(due.upload, ended, due.bytes)?;
            if done.policy_changed {
                return Ok(done);
            }
        }
    }
}

fn planned(due: Due, policy: RetentionPolicy) -> PlannedEnding {
    let days = |days: Option<u32>| days.map_or_else(String::new, |days| format!("{days} days"));
    let (original, results) = (days(policy.keep_original_days), days(policy.keep_results_days));
    let mut why = match due.ending {
        Ending::Original => format!("originals are kept {original}"),
        Ending::Results => format!("results are kept {results}"),
        Ending::Upload => format!("originals are kept {original}, results {results}"),
    };
    let fate = if !due.holds.is_empty() {
        let _ = write!(why, "; held for {}", due.holds.join(", "));
        "held"
    } else if due.is_busy && due.ending != Ending::Upload {
        why.push_str("; a run is going on");
        "busy"
    } else {
        "goes"
    };
    PlannedEnding {
        upload: due.upload.as_uuid(),
        name: due.name,
        created_at: Timestamp(due.created_at),
        due_since: Timestamp(due.since),
        ends: due.ending.as_str(),
        bytes: due.bytes,
        why,
        ending: (fate == "goes").then_some(due.ending),
        fate,
    }
}

/// Equal for plans that do the same.
fn token<'a>(goes: impl Iterator<Item = &'a PlannedEnding>) -> String {
    /// As long as an abbreviated commit: short enough to be typed, long enough not to be met by chance.
    const DIGITS: usize = 16;
    let mut hash = Sha256::new();
    for item in goes {
        hash.update(format!("{} {}\n", item.upload, item.ends));
    }
    let mut token = Sum::finish(hash).to_string();
    token.truncate(DIGITS);
    token
}
