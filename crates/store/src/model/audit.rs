//! Who did what to which, with what result.

use serde::{Deserialize, Serialize};

use super::TenantId;

/// Who asks for a change, and in which request: written into the audit event of the change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// The principal: `anonymous`, `worker`, `operator`, later the id of a key or a person. Never a secret.
    pub actor: String,
    /// The request that caused it, when there was one.
    pub request_id: Option<String>,
}

impl Origin {
    /// A request without sign-in.
    pub fn anonymous(request_id: impl Into<String>) -> Self {
        Self { actor: "anonymous".to_owned(), request_id: Some(request_id.into()) }
    }

    /// Somebody at the command line of the machine.
    pub fn operator() -> Self {
        Self { actor: "operator".to_owned(), request_id: None }
    }

    /// The service itself, outside any request.
    pub fn worker() -> Self {
        Self { actor: "worker".to_owned(), request_id: None }
    }
}

/// One line of the audit log. It is written in the same transaction as the change it tells of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AuditEvent {
    /// Grows by one with each event of the database.
    pub seq: i64,
    /// Whose data it was.
    pub tenant: TenantId,
    /// Microseconds since 1970-01-01 UTC.
    pub at: i64,
    /// Who asked for it.
    pub actor: String,
    /// What was done, for example `upload.create`.
    pub action: String,
    /// The id of what it was done to.
    pub subject: String,
    /// How it ended, for example `queued` or `completed`.
    pub result: String,
    /// The request, when there was one.
    pub request_id: Option<String>,
}
